"""A test's kernels take no port that somebody else may have by then."""

import os

import nbval.kernel
import pytest

from tests.kernels import AsyncKernelManager, KernelManager, start_new_kernel

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows reaches kernels by ports")


def test_a_kernel_is_reached_by_files_and_leaves_none() -> None:
    manager, client = start_new_kernel()
    files = [f"{manager.ip}-{port}" for port in manager.ports]
    try:
        assert all(os.path.exists(file) for file in files)
        assert manager.transport == "ipc"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert not any(os.path.exists(file) for file in [*files, manager.connection_file])


def test_so_is_every_kernel_of_nbval_and_nbclient() -> None:
    assert nbval.kernel.KernelManager is KernelManager
    assert AsyncKernelManager().transport == "ipc"
    assert AsyncKernelManager().connection_file != AsyncKernelManager().connection_file
