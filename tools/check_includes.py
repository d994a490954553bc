#!/usr/bin/env python3
"""Finds names of the standard library that are used without their header: tools/check_includes.py [FILE...].

Standard headers include one another, and which ones differs between versions of the library. So a file that uses a name
of kNames has to include the name's header itself or through headers of this repository, not through other standard
headers. Prints what is missing; the exit status is 1 when something is.
"""

import functools
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# header: the names that it promises and that others are known to bring along in some version of the library only.
NAMES = {
    "algorithm": "adjacent_find all_of any_of binary_search clamp copy_if copy_n count_if equal_range fill fill_n find_if "
    "find_if_not for_each for_each_n generate generate_n includes is_sorted lexicographical_compare lower_bound "
    "max_element merge min_element minmax minmax_element mismatch next_permutation none_of nth_element partial_sort "
    "partition remove_copy_if remove_if replace_if reverse reverse_copy rotate set_difference set_intersection shuffle "
    "sort stable_partition stable_sort transform unique upper_bound",
    "array": "array",
    "atomic": "atomic atomic_bool atomic_thread_fence memory_order_relaxed memory_order_acquire memory_order_release",
    "bitset": "bitset",
    "charconv": "from_chars to_chars",
    "chrono": "chrono",
    "cmath": "abs cbrt ceil copysign cos erf erfc exp exp2 expm1 fabs floor fma fmod frexp ilogb isfinite isinf isnan "
    "ldexp log log10 log1p log2 lround llround nearbyint nextafter pow rint round scalbn signbit sin sqrt tan tanh trunc",
    "complex": "complex",
    "condition_variable": "condition_variable",
    "csignal": "raise signal",
    "cstddef": "byte max_align_t ptrdiff_t",
    "cstdint": "int16_t int32_t int64_t int8_t intptr_t uint16_t uint32_t uint64_t uint8_t uintmax_t uintptr_t",
    "cstdio": "fclose fflush fgets fopen fprintf fputs fread fscanf fwrite printf puts remove snprintf sscanf FILE",
    "cstdlib": "abort aligned_alloc atoi calloc exit free getenv malloc realloc strtod strtol strtoll strtoul strtoull "
    "system",
    "cstring": "memchr memcmp memcpy memmove memset strchr strcmp strerror strlen strncmp strrchr strstr",
    "deque": "deque",
    "exception": "current_exception exception exception_ptr rethrow_exception terminate uncaught_exceptions",
    "filesystem": "filesystem",
    "fstream": "fstream ifstream ofstream",
    "functional": "function greater hash less minus multiplies plus",
    "future": "async future promise",
    "initializer_list": "initializer_list",
    "iomanip": "setfill setprecision setw",
    "iostream": "cerr cin clog cout",
    "iterator": "back_inserter inserter istreambuf_iterator make_move_iterator ostream_iterator",
    "limits": "numeric_limits",
    "list": "list",
    "map": "map multimap",
    "memory": "enable_shared_from_this make_shared make_unique shared_ptr unique_ptr weak_ptr",
    "mutex": "call_once lock_guard mutex once_flag recursive_mutex scoped_lock unique_lock",
    "new": "bad_alloc nothrow align_val_t",
    "numeric": "accumulate gcd inner_product iota lcm partial_sum reduce",
    "optional": "nullopt optional",
    "queue": "priority_queue queue",
    "random": "bernoulli_distribution mt19937 mt19937_64 normal_distribution random_device uniform_int_distribution "
    "uniform_real_distribution",
    "regex": "regex regex_match regex_search",
    "set": "multiset set",
    "shared_mutex": "shared_lock shared_mutex",
    "sstream": "istringstream ostringstream stringstream",
    "stdexcept": "domain_error invalid_argument length_error logic_error out_of_range runtime_error",
    "string": "getline stod stof stoi stol stoll stoul stoull string to_string",
    "string_view": "string_view",
    "system_error": "error_code errc system_error",
    "thread": "thread this_thread",
    "tuple": "make_tuple tie tuple",
    "type_traits": "conditional_t decay_t enable_if_t integral_constant invoke_result_t is_arithmetic_v is_convertible_v "
    "is_floating_point_v is_integral_v is_same_v is_signed_v is_unsigned_v is_void_v make_unsigned_t remove_const_t "
    "remove_cv_t remove_reference_t underlying_type_t void_t",
    "typeinfo": "type_info",
    "unordered_map": "unordered_map unordered_multimap",
    "unordered_set": "unordered_set",
    "utility": "exchange index_sequence in_place make_pair pair",
    "variant": "get_if holds_alternative monostate variant visit",
    "vector": "vector",
}
HEADER_OF = {name: header for header, names in NAMES.items() for name in names.split()}
# What a standard header brings along because the standard says so, or because it cannot do without.
BRINGS = {
    "string": {"string_view", "initializer_list"},
    "vector": {"initializer_list"},
    "map": {"utility", "initializer_list"},
    "unordered_map": {"utility", "initializer_list"},
    "set": {"initializer_list"},
    "sstream": {"string"},
    "fstream": {"string"},
    "filesystem": {"string", "system_error", "chrono"},
    "thread": {"chrono"},
    "condition_variable": {"mutex", "chrono"},
    "future": {"chrono"},
    "functional": set(),
    "stdexcept": {"exception", "string"},
    "cstddef": set(),
    "iostream": {"ostream", "istream"},
    "array": {"initializer_list"},
    "memory": set(),
}
# The C headers declare the same names with `std::` in every library that there is.
C_HEADERS = {"stddef.h": "cstddef", "stdint.h": "cstdint", "stdio.h": "cstdio", "stdlib.h": "cstdlib",
             "string.h": "cstring", "math.h": "cmath", "signal.h": "csignal"}
# Declared by more than one header.
ALSO = {"abs": {"cstdlib"}, "ptrdiff_t": {"cstddef"}, "remove": {"algorithm"}, "function": {"functional"},
        "exception": {"stdexcept", "new"}, "hash": {"string", "string_view", "memory"}}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)
COMMENT_OR_TEXT = re.compile(r'R"(\w*)\(.*?\)\1"|//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.S)
USE = re.compile(r"\bstd::(\w+)")


def find(name: str, file: Path) -> Path | None:
    """The file of this repository that `#include "name"` or <linnet/...> means."""
    for folder in (ROOT, ROOT / "include", file.parent, ROOT / "python" / "src"):
        if (folder / name).is_file():
            return folder / name
    return None


@functools.cache
def headers(file: Path) -> frozenset[str]:
    """The standard headers that `file` includes, itself or through files of this repository."""
    return frozenset(standard(file, {file}))


def standard(file: Path, seen: set[Path]) -> set[str]:
    result = set()
    for _, name in INCLUDE.findall(file.read_text()):
        other = find(name, file)
        if other is None:
            name = C_HEADERS.get(name, name)
            result |= {name} | BRINGS.get(name, set())
        elif other not in seen:
            seen.add(other)
            result |= standard(other, seen)
    return result


def missing(file: Path) -> dict[str, str]:
    """{header: a name that is used} of what `file` does not include."""
    code = COMMENT_OR_TEXT.sub(" ", file.read_text())
    result = {}
    for name in USE.findall(code):
        header = HEADER_OF.get(name)
        if header and not ({header} | ALSO.get(name, set())) & headers(file):
            result.setdefault(header, name)
    return result


def main(arguments: list[str]) -> int:
    listed = subprocess.run([ROOT / "tools" / "sources.sh"], capture_output=True, check=True, text=True).stdout.split()
    files = [Path(argument).resolve() for argument in arguments] or [ROOT / name for name in listed]
    found = 0
    for file in files:
        for header, name in missing(file).items():
            print(f"{file.relative_to(ROOT)}: std::{name} without <{header}>")
            found += 1
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
