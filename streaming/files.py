"""Small text files on whatever file system Spark uses: local, HDFS, S3. Tables go through Delta, never through this."""

from __future__ import annotations

from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession


class Files:
    """Hadoop's file system API, as far as small files need it. Paths are strings or URLs."""

    def __init__(self, spark: SparkSession) -> None:
        self._jvm: Any = spark._jvm
        self._gateway: Any = spark.sparkContext._gateway
        self._conf: Any = spark._jsc.hadoopConfiguration()

    def exists(self, path: str) -> bool:
        place, system = self._open(path)
        return bool(system.exists(place))

    def names(self, folder: str) -> list[str]:
        """Names of the files in a folder; none when it does not exist."""
        place, system = self._open(folder)
        if not system.exists(place):
            return []
        return [status.getPath().getName() for status in system.listStatus(place)]

    def read_text(self, path: str) -> str:
        """Raises `OSError`, also for a file that does not fit its checksum."""
        place, system = self._open(path)
        try:
            stream = system.open(place)
            try:
                return str(self._jvm.org.apache.commons.io.IOUtils.toString(stream, "UTF-8"))
            finally:
                stream.close()
        except Py4JJavaError as error:
            raise OSError(error.java_exception.getClass().getSimpleName()) from error

    def write_text(self, path: str, text: str) -> None:
        """Write or replace a file, whole or not at all: on a full disk, half of one would be believed."""
        place, system = self._open(path)
        # Spark does not read files whose names begin with a dot.
        draft = self._jvm.org.apache.hadoop.fs.Path(place.getParent(), f".{place.getName()}.draft")
        stream = system.create(draft, True)
        try:
            stream.write(bytearray(text, "utf-8"))
        finally:
            stream.close()
        # The plain rename of HDFS and S3 leaves a file that is there as it is; only a local one is replaced by it.
        options = self._gateway.new_array(self._jvm.org.apache.hadoop.fs.Options.Rename, 1)
        options[0] = self._jvm.org.apache.hadoop.fs.Options.Rename.OVERWRITE
        try:
            self._jvm.org.apache.hadoop.fs.FileContext.getFileContext(place.toUri(), self._conf).rename(
                draft, place, options
            )
        except Py4JJavaError as error:
            raise OSError(f"{path} could not be written: {error.java_exception.getMessage()}") from error

    def modified_ms(self, path: str) -> int:
        """When the file was last written, by the clock of its file system, in epoch milliseconds."""
        place, system = self._open(path)
        return int(system.getFileStatus(place).getModificationTime())

    def delete(self, path: str) -> None:
        """Delete a file; one that is not there is no error."""
        place, system = self._open(path)
        system.delete(place, False)

    def rename(self, path: str, new: str) -> None:
        """Raises `OSError` when the file system refuses."""
        place, system = self._open(path)
        if not system.rename(place, self._open(new)[0]):
            raise OSError(f"{path} cannot be renamed to {new}")

    def make_folder(self, path: str) -> None:
        """Make a folder and those above it, where they are missing."""
        place, system = self._open(path)
        system.mkdirs(place)

    def _open(self, path: str) -> tuple[Any, Any]:
        place = self._jvm.org.apache.hadoop.fs.Path(path)
        return place, place.getFileSystem(self._conf)
