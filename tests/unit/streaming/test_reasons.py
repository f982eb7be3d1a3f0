"""What is said of a failure: the root of a chain of causes, as Spark, Py4J and the drivers really print them."""

from __future__ import annotations

from pathlib import Path

import pytest

from newswake import disks
from newswake.settings_sources import resolve
from streaming.reasons import full_disk, in_words, reason_of, root_cause

CALLBACK = """[STREAM_FAILED] Query [id = 1, runId = 2] terminated with exception: [FOREACH_BATCH_USER_FUNCTION_ERROR]
org.apache.spark.sql.execution.streaming.sources.ForeachBatchUserFuncException: [FOREACH_BATCH_USER_FUNCTION_ERROR]
\tat org.apache.spark.sql.execution.streaming.sources.ForeachBatchSink.addBatch(ForeachBatchSink.scala:40)
Caused by: py4j.Py4JException: An exception was raised by the Python Proxy. Return Message: Traceback (most recent call
  File "clientserver.py", line 644, in _call_proxy
    return_value = getattr(self.pool[obj_id], method)(*params)
{inner}
\tat py4j.Protocol.getReturnValue(Protocol.java:476)
\t... 36 more
"""
JAVA = """py4j.protocol.Py4JJavaError: An error occurred while calling o287.save.
: org.apache.spark.SparkException: Job aborted due to stage failure: Task 0 in stage 5.0 failed 1 times
\tat org.apache.spark.scheduler.DAGScheduler.abortStage(DAGScheduler.scala:2935)
Caused by: {cause}
\tat java.base/java.io.FileOutputStream.writeBytes(Native Method)"""


@pytest.mark.parametrize(
    ("inner", "wanted"),
    [
        (JAVA.format(cause="java.io.IOException: No space left on device"), "IOException: No space left on device"),
        ("pyspark.errors.exceptions.captured.AnalysisException: [DELTA_X] gone", "AnalysisException: [DELTA_X] gone"),
        ("ValueError: horizons", "ValueError: horizons"),
        (
            JAVA.format(cause="com.mongodb.MongoTimeoutException: Timed out while waiting"),
            "MongoTimeoutException: Timed out while waiting",
        ),
    ],
)
def test_the_root_of_a_failure_inside_a_batch(inner: str, wanted: str) -> None:
    assert root_cause(CALLBACK.replace("{inner}", inner)) == wanted


def test_the_innermost_of_several_causes() -> None:
    trace = "a.b.WriteException: cannot write\n\tat a.b.c\nCaused by: java.io.IOException: No space left on device"
    assert root_cause(trace) == "IOException: No space left on device"


def test_what_only_carries_another_error_says_nothing() -> None:
    trace = "java.io.IOException: disk\nCaused by: py4j.Py4JException: An exception was raised by the Python Proxy."
    assert root_cause(trace) == "IOException: disk"


def test_a_failure_without_a_trace_keeps_its_words() -> None:
    assert root_cause("something happened\nelsewhere") == "something happened"
    assert root_cause("") == "no reason given"


def test_known_causes_name_the_setting() -> None:
    assert in_words("MongoTimeoutException: x").startswith("MongoDB does not answer (setting mongo.uri)")
    assert "local.driver_memory" in in_words("OutOfMemoryError: Java heap space")
    assert in_words("IllegalStateException: x") == "IllegalStateException: x"
    assert len(in_words("Error: " + "x" * 5_000)) < 400


def test_the_sentence_names_the_query_and_the_log(tmp_path: Path) -> None:
    settings = resolve(environ={"NEWSWAKE_HOME": str(tmp_path)}).settings
    error = RuntimeError("java.lang.IllegalStateException: the state is gone")
    error.add_note("candles")
    sentence = reason_of(error, settings)
    assert sentence.startswith("the query candles failed: IllegalStateException: the state is gone; ")
    assert str(tmp_path / "logs" / "streaming.log") in sentence and "\n" not in sentence


def test_only_a_disk_that_is_said_to_be_full_or_is_of_a_service_is_named(tmp_path: Path) -> None:
    settings = resolve(environ={"NEWSWAKE_HOME": str(tmp_path)}).settings
    (tmp_path / "lake").mkdir()
    (tmp_path / "mongo").mkdir()
    assert f"the lake ({tmp_path / 'lake'})" in full_disk(settings, said=True)
    assert full_disk(settings, said=False) == "", "there is space"
    assert disks.fullest({"a": "s3://bucket/lake"}) is None
