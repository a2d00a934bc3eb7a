"""Types of the messages. Written by ckpt_magics.proto.generate: change the .proto files instead."""

from collections.abc import Iterable, Mapping
from typing import Final, Literal, overload

from google.protobuf.any_pb2 import Any as Any
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.internal.containers import (
    MessageMap,
    RepeatedCompositeFieldContainer,
    RepeatedScalarFieldContainer,
    ScalarMap,
)
from google.protobuf.internal.enum_type_wrapper import _EnumTypeWrapper
from google.protobuf.message import Message
from google.protobuf.wrappers_pb2 import BoolValue as BoolValue

POOL: Final[DescriptorPool]

DataType: Final[_EnumTypeWrapper[int]]
DT_INVALID: Final = 0
DT_FLOAT: Final = 1
DT_DOUBLE: Final = 2
DT_INT32: Final = 3
DT_UINT8: Final = 4
DT_INT16: Final = 5
DT_INT8: Final = 6
DT_STRING: Final = 7
DT_COMPLEX64: Final = 8
DT_INT64: Final = 9
DT_BOOL: Final = 10
DT_QINT8: Final = 11
DT_QUINT8: Final = 12
DT_QINT32: Final = 13
DT_BFLOAT16: Final = 14
DT_QINT16: Final = 15
DT_QUINT16: Final = 16
DT_UINT16: Final = 17
DT_COMPLEX128: Final = 18
DT_HALF: Final = 19
DT_RESOURCE: Final = 20
DT_VARIANT: Final = 21
DT_UINT32: Final = 22
DT_UINT64: Final = 23
DT_FLOAT8_E5M2: Final = 24
DT_FLOAT8_E4M3FN: Final = 25
DT_FLOAT8_E4M3FNUZ: Final = 26
DT_FLOAT8_E4M3B11FNUZ: Final = 27
DT_FLOAT8_E5M2FNUZ: Final = 28
DT_INT4: Final = 29
DT_UINT4: Final = 30
DT_INT2: Final = 31
DT_UINT2: Final = 32
DT_FLOAT4_E2M1FN: Final = 33
DT_FLOAT_REF: Final = 101
DT_DOUBLE_REF: Final = 102
DT_INT32_REF: Final = 103
DT_UINT8_REF: Final = 104
DT_INT16_REF: Final = 105
DT_INT8_REF: Final = 106
DT_STRING_REF: Final = 107
DT_COMPLEX64_REF: Final = 108
DT_INT64_REF: Final = 109
DT_BOOL_REF: Final = 110
DT_QINT8_REF: Final = 111
DT_QUINT8_REF: Final = 112
DT_QINT32_REF: Final = 113
DT_BFLOAT16_REF: Final = 114
DT_QINT16_REF: Final = 115
DT_QUINT16_REF: Final = 116
DT_UINT16_REF: Final = 117
DT_COMPLEX128_REF: Final = 118
DT_HALF_REF: Final = 119
DT_RESOURCE_REF: Final = 120
DT_VARIANT_REF: Final = 121
DT_UINT32_REF: Final = 122
DT_UINT64_REF: Final = 123
DT_FLOAT8_E5M2_REF: Final = 124
DT_FLOAT8_E4M3FN_REF: Final = 125
DT_FLOAT8_E4M3FNUZ_REF: Final = 126
DT_FLOAT8_E4M3B11FNUZ_REF: Final = 127
DT_FLOAT8_E5M2FNUZ_REF: Final = 128
DT_INT4_REF: Final = 129
DT_UINT4_REF: Final = 130
DT_INT2_REF: Final = 131
DT_UINT2_REF: Final = 132
DT_FLOAT4_E2M1FN_REF: Final = 133

class SerializedDType(Message):
    datatype: int
    def __init__(
        self,
        *,
        datatype: int | None = ...,
    ) -> None: ...

class TensorShapeProto(Message):
    class Dim(Message):
        size: int
        name: str
        def __init__(
            self,
            *,
            size: int | None = ...,
            name: str | None = ...,
        ) -> None: ...

    @property
    def dim(self) -> RepeatedCompositeFieldContainer[TensorShapeProto.Dim]: ...
    unknown_rank: bool
    def __init__(
        self,
        *,
        dim: Iterable[TensorShapeProto.Dim] | None = ...,
        unknown_rank: bool | None = ...,
    ) -> None: ...

class TensorSliceProto(Message):
    class Extent(Message):
        start: int
        length: int
        def __init__(
            self,
            *,
            start: int | None = ...,
            length: int | None = ...,
        ) -> None: ...
        def HasField(self, field_name: Literal["length", "has_length_hack"]) -> bool: ...
        def WhichOneof(self, oneof_group: Literal["has_length_hack"]) -> Literal["length"] | None: ...

    @property
    def extent(self) -> RepeatedCompositeFieldContainer[TensorSliceProto.Extent]: ...
    def __init__(
        self,
        *,
        extent: Iterable[TensorSliceProto.Extent] | None = ...,
    ) -> None: ...

class VersionDef(Message):
    producer: int
    min_consumer: int
    @property
    def bad_consumers(self) -> RepeatedScalarFieldContainer[int]: ...
    def __init__(
        self,
        *,
        producer: int | None = ...,
        min_consumer: int | None = ...,
        bad_consumers: Iterable[int] | None = ...,
    ) -> None: ...

class ResourceHandleProto(Message):
    class DtypeAndShape(Message):
        dtype: int
        @property
        def shape(self) -> TensorShapeProto: ...
        def __init__(
            self,
            *,
            dtype: int | None = ...,
            shape: TensorShapeProto | None = ...,
        ) -> None: ...
        def HasField(self, field_name: Literal["shape"]) -> bool: ...

    device: str
    container: str
    name: str
    hash_code: int
    maybe_type_name: str
    @property
    def dtypes_and_shapes(self) -> RepeatedCompositeFieldContainer[ResourceHandleProto.DtypeAndShape]: ...
    def __init__(
        self,
        *,
        device: str | None = ...,
        container: str | None = ...,
        name: str | None = ...,
        hash_code: int | None = ...,
        maybe_type_name: str | None = ...,
        dtypes_and_shapes: Iterable[ResourceHandleProto.DtypeAndShape] | None = ...,
    ) -> None: ...

class TensorProto(Message):
    dtype: int
    @property
    def tensor_shape(self) -> TensorShapeProto: ...
    version_number: int
    tensor_content: bytes
    @property
    def float_val(self) -> RepeatedScalarFieldContainer[float]: ...
    @property
    def double_val(self) -> RepeatedScalarFieldContainer[float]: ...
    @property
    def int_val(self) -> RepeatedScalarFieldContainer[int]: ...
    @property
    def string_val(self) -> RepeatedScalarFieldContainer[bytes]: ...
    @property
    def scomplex_val(self) -> RepeatedScalarFieldContainer[float]: ...
    @property
    def int64_val(self) -> RepeatedScalarFieldContainer[int]: ...
    @property
    def bool_val(self) -> RepeatedScalarFieldContainer[bool]: ...
    @property
    def dcomplex_val(self) -> RepeatedScalarFieldContainer[float]: ...
    @property
    def half_val(self) -> RepeatedScalarFieldContainer[int]: ...
    @property
    def resource_handle_val(self) -> RepeatedCompositeFieldContainer[ResourceHandleProto]: ...
    @property
    def variant_val(self) -> RepeatedCompositeFieldContainer[VariantTensorDataProto]: ...
    @property
    def uint32_val(self) -> RepeatedScalarFieldContainer[int]: ...
    @property
    def uint64_val(self) -> RepeatedScalarFieldContainer[int]: ...
    float8_val: bytes
    def __init__(
        self,
        *,
        dtype: int | None = ...,
        tensor_shape: TensorShapeProto | None = ...,
        version_number: int | None = ...,
        tensor_content: bytes | None = ...,
        float_val: Iterable[float] | None = ...,
        double_val: Iterable[float] | None = ...,
        int_val: Iterable[int] | None = ...,
        string_val: Iterable[bytes] | None = ...,
        scomplex_val: Iterable[float] | None = ...,
        int64_val: Iterable[int] | None = ...,
        bool_val: Iterable[bool] | None = ...,
        dcomplex_val: Iterable[float] | None = ...,
        half_val: Iterable[int] | None = ...,
        resource_handle_val: Iterable[ResourceHandleProto] | None = ...,
        variant_val: Iterable[VariantTensorDataProto] | None = ...,
        uint32_val: Iterable[int] | None = ...,
        uint64_val: Iterable[int] | None = ...,
        float8_val: bytes | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["tensor_shape"]) -> bool: ...

class VariantTensorDataProto(Message):
    type_name: str
    metadata: bytes
    @property
    def tensors(self) -> RepeatedCompositeFieldContainer[TensorProto]: ...
    def __init__(
        self,
        *,
        type_name: str | None = ...,
        metadata: bytes | None = ...,
        tensors: Iterable[TensorProto] | None = ...,
    ) -> None: ...

class BundleHeaderProto(Message):
    Endianness: Final[_EnumTypeWrapper[int]]
    LITTLE: Final = 0
    BIG: Final = 1

    num_shards: int
    endianness: int
    @property
    def version(self) -> VersionDef: ...
    def __init__(
        self,
        *,
        num_shards: int | None = ...,
        endianness: int | None = ...,
        version: VersionDef | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["version"]) -> bool: ...

class BundleEntryProto(Message):
    dtype: int
    @property
    def shape(self) -> TensorShapeProto: ...
    shard_id: int
    offset: int
    size: int
    crc32c: int
    @property
    def slices(self) -> RepeatedCompositeFieldContainer[TensorSliceProto]: ...
    def __init__(
        self,
        *,
        dtype: int | None = ...,
        shape: TensorShapeProto | None = ...,
        shard_id: int | None = ...,
        offset: int | None = ...,
        size: int | None = ...,
        crc32c: int | None = ...,
        slices: Iterable[TensorSliceProto] | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["shape"]) -> bool: ...

class SavedSliceMeta(Message):
    name: bytes
    @property
    def shape(self) -> TensorShapeProto: ...
    type: int
    @property
    def slice(self) -> RepeatedCompositeFieldContainer[TensorSliceProto]: ...
    def __init__(
        self,
        *,
        name: bytes | None = ...,
        shape: TensorShapeProto | None = ...,
        type: int | None = ...,
        slice: Iterable[TensorSliceProto] | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["shape"]) -> bool: ...

class SavedTensorSliceMeta(Message):
    @property
    def tensor(self) -> RepeatedCompositeFieldContainer[SavedSliceMeta]: ...
    @property
    def versions(self) -> VersionDef: ...
    def __init__(
        self,
        *,
        tensor: Iterable[SavedSliceMeta] | None = ...,
        versions: VersionDef | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["versions"]) -> bool: ...

class SavedSlice(Message):
    name: bytes
    @property
    def slice(self) -> TensorSliceProto: ...
    @property
    def data(self) -> TensorProto: ...
    def __init__(
        self,
        *,
        name: bytes | None = ...,
        slice: TensorSliceProto | None = ...,
        data: TensorProto | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["slice", "data"]) -> bool: ...

class SavedTensorSlices(Message):
    @property
    def meta(self) -> SavedTensorSliceMeta: ...
    @property
    def data(self) -> SavedSlice: ...
    def __init__(
        self,
        *,
        meta: SavedTensorSliceMeta | None = ...,
        data: SavedSlice | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["meta", "data"]) -> bool: ...

class CheckpointState(Message):
    model_checkpoint_path: str
    @property
    def all_model_checkpoint_paths(self) -> RepeatedScalarFieldContainer[str]: ...
    @property
    def all_model_checkpoint_timestamps(self) -> RepeatedScalarFieldContainer[float]: ...
    last_preserved_timestamp: float
    def __init__(
        self,
        *,
        model_checkpoint_path: str | None = ...,
        all_model_checkpoint_paths: Iterable[str] | None = ...,
        all_model_checkpoint_timestamps: Iterable[float] | None = ...,
        last_preserved_timestamp: float | None = ...,
    ) -> None: ...

VariableSynchronization: Final[_EnumTypeWrapper[int]]
VARIABLE_SYNCHRONIZATION_AUTO: Final = 0
VARIABLE_SYNCHRONIZATION_NONE: Final = 1
VARIABLE_SYNCHRONIZATION_ON_WRITE: Final = 2
VARIABLE_SYNCHRONIZATION_ON_READ: Final = 3

VariableAggregation: Final[_EnumTypeWrapper[int]]
VARIABLE_AGGREGATION_NONE: Final = 0
VARIABLE_AGGREGATION_SUM: Final = 1
VARIABLE_AGGREGATION_MEAN: Final = 2
VARIABLE_AGGREGATION_ONLY_FIRST_REPLICA: Final = 3

Code: Final[_EnumTypeWrapper[int]]
OK: Final = 0
CANCELLED: Final = 1
UNKNOWN: Final = 2
INVALID_ARGUMENT: Final = 3
DEADLINE_EXCEEDED: Final = 4
NOT_FOUND: Final = 5
ALREADY_EXISTS: Final = 6
PERMISSION_DENIED: Final = 7
RESOURCE_EXHAUSTED: Final = 8
FAILED_PRECONDITION: Final = 9
ABORTED: Final = 10
OUT_OF_RANGE: Final = 11
UNIMPLEMENTED: Final = 12
INTERNAL: Final = 13
UNAVAILABLE: Final = 14
DATA_LOSS: Final = 15
UNAUTHENTICATED: Final = 16

class SaverDef(Message):
    CheckpointFormatVersion: Final[_EnumTypeWrapper[int]]
    LEGACY: Final = 0
    V1: Final = 1
    V2: Final = 2

    filename_tensor_name: str
    save_tensor_name: str
    restore_op_name: str
    max_to_keep: int
    sharded: bool
    keep_checkpoint_every_n_hours: float
    version: int
    def __init__(
        self,
        *,
        filename_tensor_name: str | None = ...,
        save_tensor_name: str | None = ...,
        restore_op_name: str | None = ...,
        max_to_keep: int | None = ...,
        sharded: bool | None = ...,
        keep_checkpoint_every_n_hours: float | None = ...,
        version: int | None = ...,
    ) -> None: ...

class VariableDef(Message):
    variable_name: str
    initializer_name: str
    snapshot_name: str
    @property
    def save_slice_info_def(self) -> SaveSliceInfoDef: ...
    is_resource: bool
    initial_value_name: str
    trainable: bool
    synchronization: int
    aggregation: int
    def __init__(
        self,
        *,
        variable_name: str | None = ...,
        initializer_name: str | None = ...,
        snapshot_name: str | None = ...,
        save_slice_info_def: SaveSliceInfoDef | None = ...,
        is_resource: bool | None = ...,
        initial_value_name: str | None = ...,
        trainable: bool | None = ...,
        synchronization: int | None = ...,
        aggregation: int | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["save_slice_info_def"]) -> bool: ...

class SaveSliceInfoDef(Message):
    full_name: str
    @property
    def full_shape(self) -> RepeatedScalarFieldContainer[int]: ...
    @property
    def var_offset(self) -> RepeatedScalarFieldContainer[int]: ...
    @property
    def var_shape(self) -> RepeatedScalarFieldContainer[int]: ...
    def __init__(
        self,
        *,
        full_name: str | None = ...,
        full_shape: Iterable[int] | None = ...,
        var_offset: Iterable[int] | None = ...,
        var_shape: Iterable[int] | None = ...,
    ) -> None: ...

class QueueRunnerDef(Message):
    queue_name: str
    @property
    def enqueue_op_name(self) -> RepeatedScalarFieldContainer[str]: ...
    close_op_name: str
    cancel_op_name: str
    @property
    def queue_closed_exception_types(self) -> RepeatedScalarFieldContainer[int]: ...
    def __init__(
        self,
        *,
        queue_name: str | None = ...,
        enqueue_op_name: Iterable[str] | None = ...,
        close_op_name: str | None = ...,
        cancel_op_name: str | None = ...,
        queue_closed_exception_types: Iterable[int] | None = ...,
    ) -> None: ...

class ValuesDef(Message):
    @property
    def values(self) -> RepeatedScalarFieldContainer[str]: ...
    @property
    def external_values(self) -> ScalarMap[str, str]: ...
    def __init__(
        self,
        *,
        values: Iterable[str] | None = ...,
        external_values: Mapping[str, str] | None = ...,
    ) -> None: ...

class ControlFlowContextDef(Message):
    @property
    def cond_ctxt(self) -> CondContextDef: ...
    @property
    def while_ctxt(self) -> WhileContextDef: ...
    def __init__(
        self,
        *,
        cond_ctxt: CondContextDef | None = ...,
        while_ctxt: WhileContextDef | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["cond_ctxt", "while_ctxt", "ctxt"]) -> bool: ...
    def WhichOneof(self, oneof_group: Literal["ctxt"]) -> Literal["cond_ctxt", "while_ctxt"] | None: ...

class CondContextDef(Message):
    context_name: str
    pred_name: str
    pivot_name: str
    branch: int
    @property
    def values_def(self) -> ValuesDef: ...
    @property
    def nested_contexts(self) -> RepeatedCompositeFieldContainer[ControlFlowContextDef]: ...
    def __init__(
        self,
        *,
        context_name: str | None = ...,
        pred_name: str | None = ...,
        pivot_name: str | None = ...,
        branch: int | None = ...,
        values_def: ValuesDef | None = ...,
        nested_contexts: Iterable[ControlFlowContextDef] | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["values_def"]) -> bool: ...

class WhileContextDef(Message):
    context_name: str
    parallel_iterations: int
    back_prop: bool
    swap_memory: bool
    pivot_name: str
    pivot_for_pred_name: str
    pivot_for_body_name: str
    @property
    def loop_exit_names(self) -> RepeatedScalarFieldContainer[str]: ...
    @property
    def values_def(self) -> ValuesDef: ...
    @property
    def loop_enter_names(self) -> RepeatedScalarFieldContainer[str]: ...
    maximum_iterations_name: str
    @property
    def nested_contexts(self) -> RepeatedCompositeFieldContainer[ControlFlowContextDef]: ...
    def __init__(
        self,
        *,
        context_name: str | None = ...,
        parallel_iterations: int | None = ...,
        back_prop: bool | None = ...,
        swap_memory: bool | None = ...,
        pivot_name: str | None = ...,
        pivot_for_pred_name: str | None = ...,
        pivot_for_body_name: str | None = ...,
        loop_exit_names: Iterable[str] | None = ...,
        values_def: ValuesDef | None = ...,
        loop_enter_names: Iterable[str] | None = ...,
        maximum_iterations_name: str | None = ...,
        nested_contexts: Iterable[ControlFlowContextDef] | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["values_def"]) -> bool: ...

DataClass: Final[_EnumTypeWrapper[int]]
DATA_CLASS_UNKNOWN: Final = 0
DATA_CLASS_SCALAR: Final = 1
DATA_CLASS_TENSOR: Final = 2
DATA_CLASS_BLOB_SEQUENCE: Final = 3

class SummaryMetadata(Message):
    class PluginData(Message):
        plugin_name: str
        content: bytes
        def __init__(
            self,
            *,
            plugin_name: str | None = ...,
            content: bytes | None = ...,
        ) -> None: ...

    @property
    def plugin_data(self) -> SummaryMetadata.PluginData: ...
    display_name: str
    summary_description: str
    data_class: int
    def __init__(
        self,
        *,
        plugin_data: SummaryMetadata.PluginData | None = ...,
        display_name: str | None = ...,
        summary_description: str | None = ...,
        data_class: int | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["plugin_data"]) -> bool: ...

class HistogramProto(Message):
    min: float
    max: float
    num: float
    sum: float
    sum_squares: float
    @property
    def bucket_limit(self) -> RepeatedScalarFieldContainer[float]: ...
    @property
    def bucket(self) -> RepeatedScalarFieldContainer[float]: ...
    def __init__(
        self,
        *,
        min: float | None = ...,
        max: float | None = ...,
        num: float | None = ...,
        sum: float | None = ...,
        sum_squares: float | None = ...,
        bucket_limit: Iterable[float] | None = ...,
        bucket: Iterable[float] | None = ...,
    ) -> None: ...

class Summary(Message):
    class Image(Message):
        height: int
        width: int
        colorspace: int
        encoded_image_string: bytes
        def __init__(
            self,
            *,
            height: int | None = ...,
            width: int | None = ...,
            colorspace: int | None = ...,
            encoded_image_string: bytes | None = ...,
        ) -> None: ...

    class Audio(Message):
        sample_rate: float
        num_channels: int
        length_frames: int
        encoded_audio_string: bytes
        content_type: str
        def __init__(
            self,
            *,
            sample_rate: float | None = ...,
            num_channels: int | None = ...,
            length_frames: int | None = ...,
            encoded_audio_string: bytes | None = ...,
            content_type: str | None = ...,
        ) -> None: ...

    class Value(Message):
        tag: str
        simple_value: float
        obsolete_old_style_histogram: bytes
        @property
        def image(self) -> Summary.Image: ...
        @property
        def histo(self) -> HistogramProto: ...
        @property
        def audio(self) -> Summary.Audio: ...
        @property
        def tensor(self) -> TensorProto: ...
        node_name: str
        @property
        def metadata(self) -> SummaryMetadata: ...
        def __init__(
            self,
            *,
            tag: str | None = ...,
            simple_value: float | None = ...,
            obsolete_old_style_histogram: bytes | None = ...,
            image: Summary.Image | None = ...,
            histo: HistogramProto | None = ...,
            audio: Summary.Audio | None = ...,
            tensor: TensorProto | None = ...,
            node_name: str | None = ...,
            metadata: SummaryMetadata | None = ...,
        ) -> None: ...
        def HasField(self, field_name: Literal["simple_value", "obsolete_old_style_histogram", "image", "histo", "audio", "tensor", "metadata", "value"]) -> bool: ...
        def WhichOneof(self, oneof_group: Literal["value"]) -> Literal["simple_value", "obsolete_old_style_histogram", "image", "histo", "audio", "tensor"] | None: ...

    @property
    def value(self) -> RepeatedCompositeFieldContainer[Summary.Value]: ...
    def __init__(
        self,
        *,
        value: Iterable[Summary.Value] | None = ...,
    ) -> None: ...

class LogMessage(Message):
    Level: Final[_EnumTypeWrapper[int]]
    UNKNOWN: Final = 0
    DEBUGGING: Final = 10
    INFO: Final = 20
    WARN: Final = 30
    ERROR: Final = 40
    FATAL: Final = 50

    level: int
    message: str
    def __init__(
        self,
        *,
        level: int | None = ...,
        message: str | None = ...,
    ) -> None: ...

class SessionLog(Message):
    SessionStatus: Final[_EnumTypeWrapper[int]]
    STATUS_UNSPECIFIED: Final = 0
    START: Final = 1
    STOP: Final = 2
    CHECKPOINT: Final = 3

    status: int
    checkpoint_path: str
    msg: str
    def __init__(
        self,
        *,
        status: int | None = ...,
        checkpoint_path: str | None = ...,
        msg: str | None = ...,
    ) -> None: ...

class TaggedRunMetadata(Message):
    tag: str
    run_metadata: bytes
    def __init__(
        self,
        *,
        tag: str | None = ...,
        run_metadata: bytes | None = ...,
    ) -> None: ...

class SourceMetadata(Message):
    writer: str
    def __init__(
        self,
        *,
        writer: str | None = ...,
    ) -> None: ...

class Event(Message):
    wall_time: float
    step: int
    file_version: str
    graph_def: bytes
    @property
    def summary(self) -> Summary: ...
    @property
    def log_message(self) -> LogMessage: ...
    @property
    def session_log(self) -> SessionLog: ...
    @property
    def tagged_run_metadata(self) -> TaggedRunMetadata: ...
    meta_graph_def: bytes
    @property
    def source_metadata(self) -> SourceMetadata: ...
    def __init__(
        self,
        *,
        wall_time: float | None = ...,
        step: int | None = ...,
        file_version: str | None = ...,
        graph_def: bytes | None = ...,
        summary: Summary | None = ...,
        log_message: LogMessage | None = ...,
        session_log: SessionLog | None = ...,
        tagged_run_metadata: TaggedRunMetadata | None = ...,
        meta_graph_def: bytes | None = ...,
        source_metadata: SourceMetadata | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["file_version", "graph_def", "summary", "log_message", "session_log", "tagged_run_metadata", "meta_graph_def", "source_metadata", "what"]) -> bool: ...
    def WhichOneof(self, oneof_group: Literal["what"]) -> Literal["file_version", "graph_def", "summary", "log_message", "session_log", "tagged_run_metadata", "meta_graph_def"] | None: ...

class BytesList(Message):
    @property
    def value(self) -> RepeatedScalarFieldContainer[bytes]: ...
    def __init__(
        self,
        *,
        value: Iterable[bytes] | None = ...,
    ) -> None: ...

class FloatList(Message):
    @property
    def value(self) -> RepeatedScalarFieldContainer[float]: ...
    def __init__(
        self,
        *,
        value: Iterable[float] | None = ...,
    ) -> None: ...

class Int64List(Message):
    @property
    def value(self) -> RepeatedScalarFieldContainer[int]: ...
    def __init__(
        self,
        *,
        value: Iterable[int] | None = ...,
    ) -> None: ...

class Feature(Message):
    @property
    def bytes_list(self) -> BytesList: ...
    @property
    def float_list(self) -> FloatList: ...
    @property
    def int64_list(self) -> Int64List: ...
    def __init__(
        self,
        *,
        bytes_list: BytesList | None = ...,
        float_list: FloatList | None = ...,
        int64_list: Int64List | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["bytes_list", "float_list", "int64_list", "kind"]) -> bool: ...
    def WhichOneof(self, oneof_group: Literal["kind"]) -> Literal["bytes_list", "float_list", "int64_list"] | None: ...

class Features(Message):
    @property
    def feature(self) -> MessageMap[str, Feature]: ...
    def __init__(
        self,
        *,
        feature: Mapping[str, Feature] | None = ...,
    ) -> None: ...

class FeatureList(Message):
    @property
    def feature(self) -> RepeatedCompositeFieldContainer[Feature]: ...
    def __init__(
        self,
        *,
        feature: Iterable[Feature] | None = ...,
    ) -> None: ...

class FeatureLists(Message):
    @property
    def feature_list(self) -> MessageMap[str, FeatureList]: ...
    def __init__(
        self,
        *,
        feature_list: Mapping[str, FeatureList] | None = ...,
    ) -> None: ...

class Example(Message):
    @property
    def features(self) -> Features: ...
    def __init__(
        self,
        *,
        features: Features | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["features"]) -> bool: ...

class SequenceExample(Message):
    @property
    def context(self) -> Features: ...
    @property
    def feature_lists(self) -> FeatureLists: ...
    def __init__(
        self,
        *,
        context: Features | None = ...,
        feature_lists: FeatureLists | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["context", "feature_lists"]) -> bool: ...

FullTypeId: Final[_EnumTypeWrapper[int]]
TFT_UNSET: Final = 0
TFT_VAR: Final = 1
TFT_ANY: Final = 2
TFT_PRODUCT: Final = 3
TFT_NAMED: Final = 4
TFT_FOR_EACH: Final = 20
TFT_CALLABLE: Final = 100
TFT_TENSOR: Final = 1000
TFT_ARRAY: Final = 1001
TFT_OPTIONAL: Final = 1002
TFT_LITERAL: Final = 1003
TFT_ENCODED: Final = 1004
TFT_SHAPE_TENSOR: Final = 1005
TFT_BOOL: Final = 200
TFT_UINT8: Final = 201
TFT_UINT16: Final = 202
TFT_UINT32: Final = 203
TFT_UINT64: Final = 204
TFT_INT8: Final = 205
TFT_INT16: Final = 206
TFT_INT32: Final = 207
TFT_INT64: Final = 208
TFT_HALF: Final = 209
TFT_FLOAT: Final = 210
TFT_DOUBLE: Final = 211
TFT_BFLOAT16: Final = 215
TFT_COMPLEX64: Final = 212
TFT_COMPLEX128: Final = 213
TFT_STRING: Final = 214
TFT_DATASET: Final = 10102
TFT_RAGGED: Final = 10103
TFT_ITERATOR: Final = 10104
TFT_MUTEX_LOCK: Final = 10202
TFT_LEGACY_VARIANT: Final = 10203

class AttrValue(Message):
    class ListValue(Message):
        @property
        def s(self) -> RepeatedScalarFieldContainer[bytes]: ...
        @property
        def i(self) -> RepeatedScalarFieldContainer[int]: ...
        @property
        def f(self) -> RepeatedScalarFieldContainer[float]: ...
        @property
        def b(self) -> RepeatedScalarFieldContainer[bool]: ...
        @property
        def type(self) -> RepeatedScalarFieldContainer[int]: ...
        @property
        def shape(self) -> RepeatedCompositeFieldContainer[TensorShapeProto]: ...
        @property
        def tensor(self) -> RepeatedCompositeFieldContainer[TensorProto]: ...
        @property
        def func(self) -> RepeatedCompositeFieldContainer[NameAttrList]: ...
        def __init__(
            self,
            *,
            s: Iterable[bytes] | None = ...,
            i: Iterable[int] | None = ...,
            f: Iterable[float] | None = ...,
            b: Iterable[bool] | None = ...,
            type: Iterable[int] | None = ...,
            shape: Iterable[TensorShapeProto] | None = ...,
            tensor: Iterable[TensorProto] | None = ...,
            func: Iterable[NameAttrList] | None = ...,
        ) -> None: ...

    @property
    def list(self) -> AttrValue.ListValue: ...
    s: bytes
    i: int
    f: float
    b: bool
    type: int
    @property
    def shape(self) -> TensorShapeProto: ...
    @property
    def tensor(self) -> TensorProto: ...
    placeholder: str
    @property
    def func(self) -> NameAttrList: ...
    def __init__(
        self,
        *,
        list: AttrValue.ListValue | None = ...,
        s: bytes | None = ...,
        i: int | None = ...,
        f: float | None = ...,
        b: bool | None = ...,
        type: int | None = ...,
        shape: TensorShapeProto | None = ...,
        tensor: TensorProto | None = ...,
        placeholder: str | None = ...,
        func: NameAttrList | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["list", "s", "i", "f", "b", "type", "shape", "tensor", "placeholder", "func", "value"]) -> bool: ...
    def WhichOneof(self, oneof_group: Literal["value"]) -> Literal["list", "s", "i", "f", "b", "type", "shape", "tensor", "placeholder", "func"] | None: ...

class NameAttrList(Message):
    name: str
    @property
    def attr(self) -> MessageMap[str, AttrValue]: ...
    def __init__(
        self,
        *,
        name: str | None = ...,
        attr: Mapping[str, AttrValue] | None = ...,
    ) -> None: ...

class FullTypeDef(Message):
    type_id: int
    @property
    def args(self) -> RepeatedCompositeFieldContainer[FullTypeDef]: ...
    s: str
    i: int
    def __init__(
        self,
        *,
        type_id: int | None = ...,
        args: Iterable[FullTypeDef] | None = ...,
        s: str | None = ...,
        i: int | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["s", "i", "attr"]) -> bool: ...
    def WhichOneof(self, oneof_group: Literal["attr"]) -> Literal["s", "i"] | None: ...

class OpDef(Message):
    class ArgDef(Message):
        name: str
        description: str
        type: int
        type_attr: str
        number_attr: str
        type_list_attr: str
        @property
        def handle_data(self) -> RepeatedCompositeFieldContainer[ResourceHandleProto.DtypeAndShape]: ...
        is_ref: bool
        @property
        def experimental_full_type(self) -> FullTypeDef: ...
        def __init__(
            self,
            *,
            name: str | None = ...,
            description: str | None = ...,
            type: int | None = ...,
            type_attr: str | None = ...,
            number_attr: str | None = ...,
            type_list_attr: str | None = ...,
            handle_data: Iterable[ResourceHandleProto.DtypeAndShape] | None = ...,
            is_ref: bool | None = ...,
            experimental_full_type: FullTypeDef | None = ...,
        ) -> None: ...
        def HasField(self, field_name: Literal["experimental_full_type"]) -> bool: ...

    class AttrDef(Message):
        name: str
        type: str
        @property
        def default_value(self) -> AttrValue: ...
        description: str
        has_minimum: bool
        minimum: int
        @property
        def allowed_values(self) -> AttrValue: ...
        def __init__(
            self,
            *,
            name: str | None = ...,
            type: str | None = ...,
            default_value: AttrValue | None = ...,
            description: str | None = ...,
            has_minimum: bool | None = ...,
            minimum: int | None = ...,
            allowed_values: AttrValue | None = ...,
        ) -> None: ...
        def HasField(self, field_name: Literal["default_value", "allowed_values"]) -> bool: ...

    name: str
    @property
    def input_arg(self) -> RepeatedCompositeFieldContainer[OpDef.ArgDef]: ...
    @property
    def output_arg(self) -> RepeatedCompositeFieldContainer[OpDef.ArgDef]: ...
    @property
    def attr(self) -> RepeatedCompositeFieldContainer[OpDef.AttrDef]: ...
    summary: str
    description: str
    @property
    def deprecation(self) -> OpDeprecation: ...
    is_aggregate: bool
    is_stateful: bool
    is_commutative: bool
    allows_uninitialized_input: bool
    @property
    def control_output(self) -> RepeatedScalarFieldContainer[str]: ...
    is_distributed_communication: bool
    def __init__(
        self,
        *,
        name: str | None = ...,
        input_arg: Iterable[OpDef.ArgDef] | None = ...,
        output_arg: Iterable[OpDef.ArgDef] | None = ...,
        attr: Iterable[OpDef.AttrDef] | None = ...,
        summary: str | None = ...,
        description: str | None = ...,
        deprecation: OpDeprecation | None = ...,
        is_aggregate: bool | None = ...,
        is_stateful: bool | None = ...,
        is_commutative: bool | None = ...,
        allows_uninitialized_input: bool | None = ...,
        control_output: Iterable[str] | None = ...,
        is_distributed_communication: bool | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["deprecation"]) -> bool: ...

class OpDeprecation(Message):
    version: int
    explanation: str
    def __init__(
        self,
        *,
        version: int | None = ...,
        explanation: str | None = ...,
    ) -> None: ...

class OpList(Message):
    @property
    def op(self) -> RepeatedCompositeFieldContainer[OpDef]: ...
    def __init__(
        self,
        *,
        op: Iterable[OpDef] | None = ...,
    ) -> None: ...

class NodeDef(Message):
    class ExperimentalDebugInfo(Message):
        @property
        def original_node_names(self) -> RepeatedScalarFieldContainer[str]: ...
        @property
        def original_func_names(self) -> RepeatedScalarFieldContainer[str]: ...
        def __init__(
            self,
            *,
            original_node_names: Iterable[str] | None = ...,
            original_func_names: Iterable[str] | None = ...,
        ) -> None: ...

    name: str
    op: str
    @property
    def input(self) -> RepeatedScalarFieldContainer[str]: ...
    device: str
    @property
    def attr(self) -> MessageMap[str, AttrValue]: ...
    @property
    def experimental_debug_info(self) -> NodeDef.ExperimentalDebugInfo: ...
    @property
    def experimental_type(self) -> FullTypeDef: ...
    def __init__(
        self,
        *,
        name: str | None = ...,
        op: str | None = ...,
        input: Iterable[str] | None = ...,
        device: str | None = ...,
        attr: Mapping[str, AttrValue] | None = ...,
        experimental_debug_info: NodeDef.ExperimentalDebugInfo | None = ...,
        experimental_type: FullTypeDef | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["experimental_debug_info", "experimental_type"]) -> bool: ...

class FunctionDefLibrary(Message):
    @property
    def function(self) -> RepeatedCompositeFieldContainer[FunctionDef]: ...
    @property
    def gradient(self) -> RepeatedCompositeFieldContainer[GradientDef]: ...
    @property
    def registered_gradients(self) -> RepeatedCompositeFieldContainer[RegisteredGradient]: ...
    def __init__(
        self,
        *,
        function: Iterable[FunctionDef] | None = ...,
        gradient: Iterable[GradientDef] | None = ...,
        registered_gradients: Iterable[RegisteredGradient] | None = ...,
    ) -> None: ...

class FunctionDef(Message):
    class ArgAttrs(Message):
        @property
        def attr(self) -> MessageMap[str, AttrValue]: ...
        def __init__(
            self,
            *,
            attr: Mapping[str, AttrValue] | None = ...,
        ) -> None: ...

    @property
    def signature(self) -> OpDef: ...
    @property
    def node_def(self) -> RepeatedCompositeFieldContainer[NodeDef]: ...
    @property
    def ret(self) -> ScalarMap[str, str]: ...
    @property
    def attr(self) -> MessageMap[str, AttrValue]: ...
    @property
    def control_ret(self) -> ScalarMap[str, str]: ...
    @property
    def arg_attr(self) -> MessageMap[int, FunctionDef.ArgAttrs]: ...
    @property
    def resource_arg_unique_id(self) -> ScalarMap[int, int]: ...
    def __init__(
        self,
        *,
        signature: OpDef | None = ...,
        node_def: Iterable[NodeDef] | None = ...,
        ret: Mapping[str, str] | None = ...,
        attr: Mapping[str, AttrValue] | None = ...,
        control_ret: Mapping[str, str] | None = ...,
        arg_attr: Mapping[int, FunctionDef.ArgAttrs] | None = ...,
        resource_arg_unique_id: Mapping[int, int] | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["signature"]) -> bool: ...

class GradientDef(Message):
    function_name: str
    gradient_func: str
    def __init__(
        self,
        *,
        function_name: str | None = ...,
        gradient_func: str | None = ...,
    ) -> None: ...

class RegisteredGradient(Message):
    gradient_func: str
    registered_op_type: str
    def __init__(
        self,
        *,
        gradient_func: str | None = ...,
        registered_op_type: str | None = ...,
    ) -> None: ...

class GraphDebugInfo(Message):
    class FileLineCol(Message):
        file_index: int
        line: int
        col: int
        func: str
        code: str
        def __init__(
            self,
            *,
            file_index: int | None = ...,
            line: int | None = ...,
            col: int | None = ...,
            func: str | None = ...,
            code: str | None = ...,
        ) -> None: ...
        def HasField(self, field_name: Literal["file_index", "line", "col", "func", "code"]) -> bool: ...

    class StackTrace(Message):
        @property
        def file_line_cols(self) -> RepeatedCompositeFieldContainer[GraphDebugInfo.FileLineCol]: ...
        @property
        def frame_id(self) -> RepeatedScalarFieldContainer[int]: ...
        def __init__(
            self,
            *,
            file_line_cols: Iterable[GraphDebugInfo.FileLineCol] | None = ...,
            frame_id: Iterable[int] | None = ...,
        ) -> None: ...

    @property
    def files(self) -> RepeatedScalarFieldContainer[str]: ...
    @property
    def traces(self) -> MessageMap[str, GraphDebugInfo.StackTrace]: ...
    @property
    def frames_by_id(self) -> MessageMap[int, GraphDebugInfo.FileLineCol]: ...
    @property
    def name_to_trace_id(self) -> ScalarMap[str, int]: ...
    @property
    def traces_by_id(self) -> MessageMap[int, GraphDebugInfo.StackTrace]: ...
    def __init__(
        self,
        *,
        files: Iterable[str] | None = ...,
        traces: Mapping[str, GraphDebugInfo.StackTrace] | None = ...,
        frames_by_id: Mapping[int, GraphDebugInfo.FileLineCol] | None = ...,
        name_to_trace_id: Mapping[str, int] | None = ...,
        traces_by_id: Mapping[int, GraphDebugInfo.StackTrace] | None = ...,
    ) -> None: ...

class GraphDef(Message):
    @property
    def node(self) -> RepeatedCompositeFieldContainer[NodeDef]: ...
    @property
    def library(self) -> FunctionDefLibrary: ...
    version: int
    @property
    def versions(self) -> VersionDef: ...
    @property
    def debug_info(self) -> GraphDebugInfo: ...
    def __init__(
        self,
        *,
        node: Iterable[NodeDef] | None = ...,
        library: FunctionDefLibrary | None = ...,
        version: int | None = ...,
        versions: VersionDef | None = ...,
        debug_info: GraphDebugInfo | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["library", "versions", "debug_info"]) -> bool: ...

class TrackableObjectGraph(Message):
    class TrackableObject(Message):
        class ObjectReference(Message):
            node_id: int
            local_name: str
            def __init__(
                self,
                *,
                node_id: int | None = ...,
                local_name: str | None = ...,
            ) -> None: ...

        class SerializedTensor(Message):
            name: str
            full_name: str
            checkpoint_key: str
            def __init__(
                self,
                *,
                name: str | None = ...,
                full_name: str | None = ...,
                checkpoint_key: str | None = ...,
            ) -> None: ...

        class SlotVariableReference(Message):
            original_variable_node_id: int
            slot_name: str
            slot_variable_node_id: int
            def __init__(
                self,
                *,
                original_variable_node_id: int | None = ...,
                slot_name: str | None = ...,
                slot_variable_node_id: int | None = ...,
            ) -> None: ...

        @property
        def children(self) -> RepeatedCompositeFieldContainer[TrackableObjectGraph.TrackableObject.ObjectReference]: ...
        @property
        def attributes(self) -> RepeatedCompositeFieldContainer[TrackableObjectGraph.TrackableObject.SerializedTensor]: ...
        @property
        def slot_variables(self) -> RepeatedCompositeFieldContainer[TrackableObjectGraph.TrackableObject.SlotVariableReference]: ...
        @property
        def registered_saver(self) -> RegisteredSaver: ...
        @property
        def has_checkpoint_values(self) -> BoolValue: ...
        def __init__(
            self,
            *,
            children: Iterable[TrackableObjectGraph.TrackableObject.ObjectReference] | None = ...,
            attributes: Iterable[TrackableObjectGraph.TrackableObject.SerializedTensor] | None = ...,
            slot_variables: Iterable[TrackableObjectGraph.TrackableObject.SlotVariableReference] | None = ...,
            registered_saver: RegisteredSaver | None = ...,
            has_checkpoint_values: BoolValue | None = ...,
        ) -> None: ...
        def HasField(self, field_name: Literal["registered_saver", "has_checkpoint_values"]) -> bool: ...

    @property
    def nodes(self) -> RepeatedCompositeFieldContainer[TrackableObjectGraph.TrackableObject]: ...
    def __init__(
        self,
        *,
        nodes: Iterable[TrackableObjectGraph.TrackableObject] | None = ...,
    ) -> None: ...

class RegisteredSaver(Message):
    name: str
    object_name: str
    def __init__(
        self,
        *,
        name: str | None = ...,
        object_name: str | None = ...,
    ) -> None: ...

class StructuredValue(Message):
    @property
    def none_value(self) -> NoneValue: ...
    float64_value: float
    int64_value: int
    string_value: str
    bool_value: bool
    @property
    def tensor_shape_value(self) -> TensorShapeProto: ...
    tensor_dtype_value: int
    @property
    def tensor_spec_value(self) -> TensorSpecProto: ...
    @property
    def type_spec_value(self) -> TypeSpecProto: ...
    @property
    def bounded_tensor_spec_value(self) -> BoundedTensorSpecProto: ...
    @property
    def list_value(self) -> ListValue: ...
    @property
    def tuple_value(self) -> TupleValue: ...
    @property
    def dict_value(self) -> DictValue: ...
    @property
    def named_tuple_value(self) -> NamedTupleValue: ...
    @property
    def tensor_value(self) -> TensorProto: ...
    @property
    def numpy_value(self) -> TensorProto: ...
    def __init__(
        self,
        *,
        none_value: NoneValue | None = ...,
        float64_value: float | None = ...,
        int64_value: int | None = ...,
        string_value: str | None = ...,
        bool_value: bool | None = ...,
        tensor_shape_value: TensorShapeProto | None = ...,
        tensor_dtype_value: int | None = ...,
        tensor_spec_value: TensorSpecProto | None = ...,
        type_spec_value: TypeSpecProto | None = ...,
        bounded_tensor_spec_value: BoundedTensorSpecProto | None = ...,
        list_value: ListValue | None = ...,
        tuple_value: TupleValue | None = ...,
        dict_value: DictValue | None = ...,
        named_tuple_value: NamedTupleValue | None = ...,
        tensor_value: TensorProto | None = ...,
        numpy_value: TensorProto | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["none_value", "float64_value", "int64_value", "string_value", "bool_value", "tensor_shape_value", "tensor_dtype_value", "tensor_spec_value", "type_spec_value", "bounded_tensor_spec_value", "list_value", "tuple_value", "dict_value", "named_tuple_value", "tensor_value", "numpy_value", "kind"]) -> bool: ...
    def WhichOneof(self, oneof_group: Literal["kind"]) -> Literal["none_value", "float64_value", "int64_value", "string_value", "bool_value", "tensor_shape_value", "tensor_dtype_value", "tensor_spec_value", "type_spec_value", "bounded_tensor_spec_value", "list_value", "tuple_value", "dict_value", "named_tuple_value", "tensor_value", "numpy_value"] | None: ...

class NoneValue(Message): ...

class ListValue(Message):
    @property
    def values(self) -> RepeatedCompositeFieldContainer[StructuredValue]: ...
    def __init__(
        self,
        *,
        values: Iterable[StructuredValue] | None = ...,
    ) -> None: ...

class TupleValue(Message):
    @property
    def values(self) -> RepeatedCompositeFieldContainer[StructuredValue]: ...
    def __init__(
        self,
        *,
        values: Iterable[StructuredValue] | None = ...,
    ) -> None: ...

class DictValue(Message):
    @property
    def fields(self) -> MessageMap[str, StructuredValue]: ...
    def __init__(
        self,
        *,
        fields: Mapping[str, StructuredValue] | None = ...,
    ) -> None: ...

class PairValue(Message):
    key: str
    @property
    def value(self) -> StructuredValue: ...
    def __init__(
        self,
        *,
        key: str | None = ...,
        value: StructuredValue | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["value"]) -> bool: ...

class NamedTupleValue(Message):
    name: str
    @property
    def values(self) -> RepeatedCompositeFieldContainer[PairValue]: ...
    def __init__(
        self,
        *,
        name: str | None = ...,
        values: Iterable[PairValue] | None = ...,
    ) -> None: ...

class TensorSpecProto(Message):
    name: str
    @property
    def shape(self) -> TensorShapeProto: ...
    dtype: int
    def __init__(
        self,
        *,
        name: str | None = ...,
        shape: TensorShapeProto | None = ...,
        dtype: int | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["shape"]) -> bool: ...

class BoundedTensorSpecProto(Message):
    name: str
    @property
    def shape(self) -> TensorShapeProto: ...
    dtype: int
    @property
    def minimum(self) -> TensorProto: ...
    @property
    def maximum(self) -> TensorProto: ...
    def __init__(
        self,
        *,
        name: str | None = ...,
        shape: TensorShapeProto | None = ...,
        dtype: int | None = ...,
        minimum: TensorProto | None = ...,
        maximum: TensorProto | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["shape", "minimum", "maximum"]) -> bool: ...

class TypeSpecProto(Message):
    TypeSpecClass: Final[_EnumTypeWrapper[int]]
    UNKNOWN: Final = 0
    SPARSE_TENSOR_SPEC: Final = 1
    INDEXED_SLICES_SPEC: Final = 2
    RAGGED_TENSOR_SPEC: Final = 3
    TENSOR_ARRAY_SPEC: Final = 4
    DATA_DATASET_SPEC: Final = 5
    DATA_ITERATOR_SPEC: Final = 6
    OPTIONAL_SPEC: Final = 7
    PER_REPLICA_SPEC: Final = 8
    VARIABLE_SPEC: Final = 9
    ROW_PARTITION_SPEC: Final = 10
    REGISTERED_TYPE_SPEC: Final = 12
    EXTENSION_TYPE_SPEC: Final = 13

    type_spec_class: int
    @property
    def type_state(self) -> StructuredValue: ...
    type_spec_class_name: str
    num_flat_components: int
    def __init__(
        self,
        *,
        type_spec_class: int | None = ...,
        type_state: StructuredValue | None = ...,
        type_spec_class_name: str | None = ...,
        num_flat_components: int | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["type_state"]) -> bool: ...

class SavedObjectGraph(Message):
    @property
    def nodes(self) -> RepeatedCompositeFieldContainer[SavedObject]: ...
    @property
    def concrete_functions(self) -> MessageMap[str, SavedConcreteFunction]: ...
    def __init__(
        self,
        *,
        nodes: Iterable[SavedObject] | None = ...,
        concrete_functions: Mapping[str, SavedConcreteFunction] | None = ...,
    ) -> None: ...

class SavedObject(Message):
    @property
    def children(self) -> RepeatedCompositeFieldContainer[TrackableObjectGraph.TrackableObject.ObjectReference]: ...
    @property
    def slot_variables(self) -> RepeatedCompositeFieldContainer[TrackableObjectGraph.TrackableObject.SlotVariableReference]: ...
    @property
    def user_object(self) -> SavedUserObject: ...
    @property
    def asset(self) -> SavedAsset: ...
    @property
    def function(self) -> SavedFunction: ...
    @property
    def variable(self) -> SavedVariable: ...
    @property
    def bare_concrete_function(self) -> SavedBareConcreteFunction: ...
    @property
    def constant(self) -> SavedConstant: ...
    @property
    def resource(self) -> SavedResource: ...
    @property
    def captured_tensor(self) -> CapturedTensor: ...
    @property
    def saveable_objects(self) -> MessageMap[str, SaveableObject]: ...
    registered_name: str
    @property
    def serialized_user_proto(self) -> Any: ...
    @property
    def dependencies(self) -> RepeatedCompositeFieldContainer[TrackableObjectGraph.TrackableObject.ObjectReference]: ...
    registered_saver: str
    def __init__(
        self,
        *,
        children: Iterable[TrackableObjectGraph.TrackableObject.ObjectReference] | None = ...,
        slot_variables: Iterable[TrackableObjectGraph.TrackableObject.SlotVariableReference] | None = ...,
        user_object: SavedUserObject | None = ...,
        asset: SavedAsset | None = ...,
        function: SavedFunction | None = ...,
        variable: SavedVariable | None = ...,
        bare_concrete_function: SavedBareConcreteFunction | None = ...,
        constant: SavedConstant | None = ...,
        resource: SavedResource | None = ...,
        captured_tensor: CapturedTensor | None = ...,
        saveable_objects: Mapping[str, SaveableObject] | None = ...,
        registered_name: str | None = ...,
        serialized_user_proto: Any | None = ...,
        dependencies: Iterable[TrackableObjectGraph.TrackableObject.ObjectReference] | None = ...,
        registered_saver: str | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["user_object", "asset", "function", "variable", "bare_concrete_function", "constant", "resource", "captured_tensor", "serialized_user_proto", "kind"]) -> bool: ...
    def WhichOneof(self, oneof_group: Literal["kind"]) -> Literal["user_object", "asset", "function", "variable", "bare_concrete_function", "constant", "resource", "captured_tensor"] | None: ...

class SavedUserObject(Message):
    identifier: str
    @property
    def version(self) -> VersionDef: ...
    metadata: str
    def __init__(
        self,
        *,
        identifier: str | None = ...,
        version: VersionDef | None = ...,
        metadata: str | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["version"]) -> bool: ...

class SavedAsset(Message):
    asset_file_def_index: int
    def __init__(
        self,
        *,
        asset_file_def_index: int | None = ...,
    ) -> None: ...

class SavedFunction(Message):
    @property
    def concrete_functions(self) -> RepeatedScalarFieldContainer[str]: ...
    @property
    def function_spec(self) -> FunctionSpec: ...
    def __init__(
        self,
        *,
        concrete_functions: Iterable[str] | None = ...,
        function_spec: FunctionSpec | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["function_spec"]) -> bool: ...

class CapturedTensor(Message):
    name: str
    concrete_function: str
    def __init__(
        self,
        *,
        name: str | None = ...,
        concrete_function: str | None = ...,
    ) -> None: ...

class SavedConcreteFunction(Message):
    @property
    def bound_inputs(self) -> RepeatedScalarFieldContainer[int]: ...
    @property
    def canonicalized_input_signature(self) -> StructuredValue: ...
    @property
    def output_signature(self) -> StructuredValue: ...
    def __init__(
        self,
        *,
        bound_inputs: Iterable[int] | None = ...,
        canonicalized_input_signature: StructuredValue | None = ...,
        output_signature: StructuredValue | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["canonicalized_input_signature", "output_signature"]) -> bool: ...

class SavedBareConcreteFunction(Message):
    concrete_function_name: str
    @property
    def argument_keywords(self) -> RepeatedScalarFieldContainer[str]: ...
    allowed_positional_arguments: int
    @property
    def function_spec(self) -> FunctionSpec: ...
    def __init__(
        self,
        *,
        concrete_function_name: str | None = ...,
        argument_keywords: Iterable[str] | None = ...,
        allowed_positional_arguments: int | None = ...,
        function_spec: FunctionSpec | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["function_spec"]) -> bool: ...

class SavedConstant(Message):
    operation: str
    def __init__(
        self,
        *,
        operation: str | None = ...,
    ) -> None: ...

class SavedVariable(Message):
    dtype: int
    @property
    def shape(self) -> TensorShapeProto: ...
    trainable: bool
    synchronization: int
    aggregation: int
    name: str
    device: str
    @property
    def experimental_distributed_variable_components(self) -> RepeatedCompositeFieldContainer[SavedVariable]: ...
    def __init__(
        self,
        *,
        dtype: int | None = ...,
        shape: TensorShapeProto | None = ...,
        trainable: bool | None = ...,
        synchronization: int | None = ...,
        aggregation: int | None = ...,
        name: str | None = ...,
        device: str | None = ...,
        experimental_distributed_variable_components: Iterable[SavedVariable] | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["shape"]) -> bool: ...

class FunctionSpec(Message):
    JitCompile: Final[_EnumTypeWrapper[int]]
    DEFAULT: Final = 0
    ON: Final = 1
    OFF: Final = 2

    @property
    def fullargspec(self) -> StructuredValue: ...
    is_method: bool
    @property
    def input_signature(self) -> StructuredValue: ...
    jit_compile: int
    def __init__(
        self,
        *,
        fullargspec: StructuredValue | None = ...,
        is_method: bool | None = ...,
        input_signature: StructuredValue | None = ...,
        jit_compile: int | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["fullargspec", "input_signature"]) -> bool: ...

class SavedResource(Message):
    device: str
    def __init__(
        self,
        *,
        device: str | None = ...,
    ) -> None: ...

class SaveableObject(Message):
    save_function: int
    restore_function: int
    def __init__(
        self,
        *,
        save_function: int | None = ...,
        restore_function: int | None = ...,
    ) -> None: ...

class MetaGraphDef(Message):
    class MetaInfoDef(Message):
        meta_graph_version: str
        @property
        def stripped_op_list(self) -> OpList: ...
        @property
        def any_info(self) -> Any: ...
        @property
        def tags(self) -> RepeatedScalarFieldContainer[str]: ...
        tensorflow_version: str
        tensorflow_git_version: str
        stripped_default_attrs: bool
        @property
        def function_aliases(self) -> ScalarMap[str, str]: ...
        def __init__(
            self,
            *,
            meta_graph_version: str | None = ...,
            stripped_op_list: OpList | None = ...,
            any_info: Any | None = ...,
            tags: Iterable[str] | None = ...,
            tensorflow_version: str | None = ...,
            tensorflow_git_version: str | None = ...,
            stripped_default_attrs: bool | None = ...,
            function_aliases: Mapping[str, str] | None = ...,
        ) -> None: ...
        def HasField(self, field_name: Literal["stripped_op_list", "any_info"]) -> bool: ...

    @property
    def meta_info_def(self) -> MetaGraphDef.MetaInfoDef: ...
    @property
    def graph_def(self) -> GraphDef: ...
    @property
    def saver_def(self) -> SaverDef: ...
    @property
    def collection_def(self) -> MessageMap[str, CollectionDef]: ...
    @property
    def signature_def(self) -> MessageMap[str, SignatureDef]: ...
    @property
    def asset_file_def(self) -> RepeatedCompositeFieldContainer[AssetFileDef]: ...
    @property
    def object_graph_def(self) -> SavedObjectGraph: ...
    def __init__(
        self,
        *,
        meta_info_def: MetaGraphDef.MetaInfoDef | None = ...,
        graph_def: GraphDef | None = ...,
        saver_def: SaverDef | None = ...,
        collection_def: Mapping[str, CollectionDef] | None = ...,
        signature_def: Mapping[str, SignatureDef] | None = ...,
        asset_file_def: Iterable[AssetFileDef] | None = ...,
        object_graph_def: SavedObjectGraph | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["meta_info_def", "graph_def", "saver_def", "object_graph_def"]) -> bool: ...

class CollectionDef(Message):
    class NodeList(Message):
        @property
        def value(self) -> RepeatedScalarFieldContainer[str]: ...
        def __init__(
            self,
            *,
            value: Iterable[str] | None = ...,
        ) -> None: ...

    class BytesList(Message):
        @property
        def value(self) -> RepeatedScalarFieldContainer[bytes]: ...
        def __init__(
            self,
            *,
            value: Iterable[bytes] | None = ...,
        ) -> None: ...

    class Int64List(Message):
        @property
        def value(self) -> RepeatedScalarFieldContainer[int]: ...
        def __init__(
            self,
            *,
            value: Iterable[int] | None = ...,
        ) -> None: ...

    class FloatList(Message):
        @property
        def value(self) -> RepeatedScalarFieldContainer[float]: ...
        def __init__(
            self,
            *,
            value: Iterable[float] | None = ...,
        ) -> None: ...

    class AnyList(Message):
        @property
        def value(self) -> RepeatedCompositeFieldContainer[Any]: ...
        def __init__(
            self,
            *,
            value: Iterable[Any] | None = ...,
        ) -> None: ...

    @property
    def node_list(self) -> CollectionDef.NodeList: ...
    @property
    def bytes_list(self) -> CollectionDef.BytesList: ...
    @property
    def int64_list(self) -> CollectionDef.Int64List: ...
    @property
    def float_list(self) -> CollectionDef.FloatList: ...
    @property
    def any_list(self) -> CollectionDef.AnyList: ...
    def __init__(
        self,
        *,
        node_list: CollectionDef.NodeList | None = ...,
        bytes_list: CollectionDef.BytesList | None = ...,
        int64_list: CollectionDef.Int64List | None = ...,
        float_list: CollectionDef.FloatList | None = ...,
        any_list: CollectionDef.AnyList | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["node_list", "bytes_list", "int64_list", "float_list", "any_list", "kind"]) -> bool: ...
    def WhichOneof(self, oneof_group: Literal["kind"]) -> Literal["node_list", "bytes_list", "int64_list", "float_list", "any_list"] | None: ...

class TensorInfo(Message):
    class CooSparse(Message):
        values_tensor_name: str
        indices_tensor_name: str
        dense_shape_tensor_name: str
        def __init__(
            self,
            *,
            values_tensor_name: str | None = ...,
            indices_tensor_name: str | None = ...,
            dense_shape_tensor_name: str | None = ...,
        ) -> None: ...

    class CompositeTensor(Message):
        @property
        def type_spec(self) -> TypeSpecProto: ...
        @property
        def components(self) -> RepeatedCompositeFieldContainer[TensorInfo]: ...
        def __init__(
            self,
            *,
            type_spec: TypeSpecProto | None = ...,
            components: Iterable[TensorInfo] | None = ...,
        ) -> None: ...
        def HasField(self, field_name: Literal["type_spec"]) -> bool: ...

    name: str
    @property
    def coo_sparse(self) -> TensorInfo.CooSparse: ...
    @property
    def composite_tensor(self) -> TensorInfo.CompositeTensor: ...
    dtype: int
    @property
    def tensor_shape(self) -> TensorShapeProto: ...
    def __init__(
        self,
        *,
        name: str | None = ...,
        coo_sparse: TensorInfo.CooSparse | None = ...,
        composite_tensor: TensorInfo.CompositeTensor | None = ...,
        dtype: int | None = ...,
        tensor_shape: TensorShapeProto | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["name", "coo_sparse", "composite_tensor", "tensor_shape", "encoding"]) -> bool: ...
    def WhichOneof(self, oneof_group: Literal["encoding"]) -> Literal["name", "coo_sparse", "composite_tensor"] | None: ...

class SignatureDef(Message):
    @property
    def inputs(self) -> MessageMap[str, TensorInfo]: ...
    @property
    def outputs(self) -> MessageMap[str, TensorInfo]: ...
    method_name: str
    @property
    def defaults(self) -> MessageMap[str, TensorProto]: ...
    def __init__(
        self,
        *,
        inputs: Mapping[str, TensorInfo] | None = ...,
        outputs: Mapping[str, TensorInfo] | None = ...,
        method_name: str | None = ...,
        defaults: Mapping[str, TensorProto] | None = ...,
    ) -> None: ...

class AssetFileDef(Message):
    @property
    def tensor_info(self) -> TensorInfo: ...
    filename: str
    def __init__(
        self,
        *,
        tensor_info: TensorInfo | None = ...,
        filename: str | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["tensor_info"]) -> bool: ...

class SavedModel(Message):
    saved_model_schema_version: int
    @property
    def meta_graphs(self) -> RepeatedCompositeFieldContainer[MetaGraphDef]: ...
    def __init__(
        self,
        *,
        saved_model_schema_version: int | None = ...,
        meta_graphs: Iterable[MetaGraphDef] | None = ...,
    ) -> None: ...

class FingerprintDef(Message):
    saved_model_checksum: int
    graph_def_program_hash: int
    signature_def_hash: int
    saved_object_graph_hash: int
    checkpoint_hash: int
    @property
    def version(self) -> VersionDef: ...
    uuid: str
    def __init__(
        self,
        *,
        saved_model_checksum: int | None = ...,
        graph_def_program_hash: int | None = ...,
        signature_def_hash: int | None = ...,
        saved_object_graph_hash: int | None = ...,
        checkpoint_hash: int | None = ...,
        version: VersionDef | None = ...,
        uuid: str | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["version"]) -> bool: ...

