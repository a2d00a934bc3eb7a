"""Save arrays that no machine has whole from the workers of a cluster, one of which is killed meanwhile; restore them.

Needs ckpt_magics[dask]. The cluster here is two processes of this machine; elsewhere it is Client("tcp://...:8786").
"""

import os
import signal
import tempfile

import dask.array as da
import numpy as np
from distributed import Client, LocalCluster

import ckpt_magics


def first_worker_dies(block, marker):
    """Kill the process that computes the first of all chunks, once."""
    if block.size and not os.path.exists(marker):
        open(marker, "w").close()
        os.kill(os.getpid(), signal.SIGKILL)
    return block


def main():
    runs = tempfile.mkdtemp()
    with LocalCluster(2, threads_per_worker=1, dashboard_address=None, silence_logs=50) as cluster, Client(cluster):
        rows = da.arange(1_000_000, chunks=100_000, dtype=np.float32).reshape(-1, 10)
        kernel = rows.map_blocks(first_worker_dies, f"{runs}/died", dtype=np.float32)
        saved = ckpt_magics.save_checkpoint(f"{runs}/model", {"dense/kernel": kernel}, num_shards=4)
        print("A worker was killed:", os.path.exists(f"{runs}/died"))
        for file in saved.files:
            print(f"{os.path.basename(file.path)}: {file.role}")

        # Lazy arrays come back as they were saved, in chunks that the workers read.
        with ckpt_magics.load_checkpoint(saved) as reader:
            lazy = reader.dask_arrays(chunks="1MiB")["dense/kernel"]
            print("The mean, by the workers:", float(lazy.mean(dtype=np.float64).compute()))
            print("Verified by the workers:", reader.verify(executor=Client.current().get_executor()).is_whole)

    # To everybody else, TensorFlow included, it is a partitioned variable of an ordinary checkpoint.
    with ckpt_magics.load_checkpoint(saved) as reader:
        print("Slices:", len(reader.entry("dense/kernel").slices))
        print("Rows 9,999 and 10,000:", reader.get_slice("dense/kernel", np.s_[9_999:10_001, :2]).tolist())


if __name__ == "__main__":
    main()
