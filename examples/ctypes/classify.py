#!/usr/bin/env python3
"""classify.py LIBRARY MODEL: runs a model with one float input on ones through the C API, and prints the first row.

Needs Python's standard library only. It shows what any foreign function interface needs: functions by name, opaque
pointers, callbacks and buffers of the caller's own.
"""

import ctypes
import sys
from ctypes import POINTER, byref, c_char_p, c_float, c_int32, c_int64, c_size_t, c_void_p

OK, FLOAT32 = 0, 1

linnet = ctypes.CDLL(sys.argv[1])
linnet.linnet_last_error.restype = c_char_p
linnet.linnet_status_name.restype = c_char_p
linnet.linnet_options_destroy.argtypes = [c_void_p]
linnet.linnet_model_destroy.argtypes = [c_void_p]
linnet.linnet_session_bind_input.argtypes = [c_void_p, c_size_t, c_int32, POINTER(c_int64), c_size_t, c_void_p]
linnet.linnet_session_bind_output.argtypes = linnet.linnet_session_bind_input.argtypes
linnet.linnet_session_run.argtypes = [c_void_p, c_void_p]
linnet.linnet_session_destroy.argtypes = [c_void_p]

TASK = ctypes.CFUNCTYPE(None, c_void_p, c_size_t)
CONCURRENCY = ctypes.CFUNCTYPE(c_int32, c_void_p)
PARALLEL_FOR = ctypes.CFUNCTYPE(None, c_void_p, c_size_t, TASK, c_void_p)
LOG = ctypes.CFUNCTYPE(None, c_void_p, c_int32, c_char_p, c_size_t)


def check(status):
    if status != OK:
        name = linnet.linnet_status_name(status).decode()
        sys.exit(f"{name}: {linnet.linnet_last_error().decode()}")


@LOG
def log(_context, level, line, _length):
    if level >= 1:
        print("linnet:", line.decode())


@CONCURRENCY
def concurrency(_context):
    return 2


@PARALLEL_FOR
def parallel_for(_context, count, task, task_context):
    for index in range(count):  # the calling thread alone is as good
        task(task_context, index)


def main():
    options, model, session = c_void_p(), c_void_p(), c_void_p()
    check(linnet.linnet_options_create(byref(options)))
    check(linnet.linnet_options_set_log(options, log, None))
    check(linnet.linnet_options_set_thread_pool(options, concurrency, parallel_for, None))
    check(linnet.linnet_model_load_file(sys.argv[2].encode(), options, byref(model)))
    linnet.linnet_options_destroy(options)

    x = (c_float * (4 * 100))(*[1.0] * 400)
    y = (c_float * (4 * 5))()
    check(linnet.linnet_session_create(model, byref(session)))
    check(linnet.linnet_session_bind_input(session, 0, FLOAT32, (c_int64 * 2)(4, 100), 2, x))
    check(linnet.linnet_session_bind_output(session, 0, FLOAT32, (c_int64 * 2)(4, 5), 2, y))
    check(linnet.linnet_session_run(session, None))
    for value in y[:5]:
        print(f"{value:.9g}")

    narrow = linnet.linnet_session_bind_input(session, 0, FLOAT32, (c_int64 * 2)(4, 99), 2, x)
    print(f"refused: {linnet.linnet_status_name(narrow).decode()}: {linnet.linnet_last_error().decode()}")
    check(linnet.linnet_session_destroy(session))
    linnet.linnet_model_destroy(model)


main()
