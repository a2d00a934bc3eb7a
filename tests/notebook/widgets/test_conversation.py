"""Requests of a page and what comes back."""

import threading

from ckpt_magics.errors import DataLossError
from ckpt_magics.notebook.widgets.conversation import Conversation, Handler, Reply
from tests.notebook.widgets.conftest import Page


def page_with(**handlers):
    page = Page()
    Conversation(page, handlers)
    return page


def raising(error):
    def answer(_request):
        raise error

    return Handler(answer)


def test_a_reply_has_the_id_of_its_request():
    page = page_with(double=Handler(lambda request: Reply({"value": 2 * request.payload["value"]}, [b"raw"])))
    content, buffers = page.ask("double", value=21)
    assert content["value"] == 42
    assert buffers == [b"raw"]


def test_an_error_of_ours_goes_back_with_its_name_and_text():
    error = page_with(read=raising(DataLossError("block is damaged"))).refusal("read")
    assert error["type"] == "DataLossError"
    assert "block is damaged" in error["message"]


def test_any_other_error_goes_back_as_a_bug():
    assert "bug" in page_with(read=raising(ZeroDivisionError("x"))).refusal("read")["message"]


def test_an_unknown_kind_is_refused():
    assert "'explode'" in page_with().refusal("explode")["message"]


def test_work_in_the_background_leaves_the_caller_free_and_reports_progress():
    go = threading.Event()

    def answer(request):
        assert go.wait(30)
        request.progress(0.5)
        return Reply()

    page = page_with(work=Handler(answer, background=True))
    request = page.start("work")
    assert page.sent == []
    go.set()
    page.reply(request)
    assert page.sent[0][0] == {"id": request, "progress": 0.5}


def test_cancelled_work_ends_without_a_reply():
    going, ended = threading.Event(), threading.Event()

    def answer(request):
        going.set()
        try:
            while True:
                request.check_cancelled()
        finally:
            ended.set()

    page = page_with(work=Handler(answer, background=True), after=Handler(lambda _: Reply(), background=True))
    request = page.start("work")
    assert going.wait(30)
    page.cancel(request)
    assert ended.wait(30)
    page.ask("after")
    assert all(content.get("id") != request for content, _ in page.sent)


def test_what_is_no_request_is_left_alone():
    page = page_with()
    for message in (None, [], {}, {"id": 1, "kind": "x"}, {"id": "x"}, {"cancel": "never asked"}):
        page._receive(None, message, [])
    assert page.sent == []
