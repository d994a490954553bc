"""tools/bench/machine.py: which CPU it is."""

import unittest

from samples import REPOSITORY  # makes tools/bench importable

import machine


def cpuinfo(name: str, vendor: str, family: int, model: int, flags: str = "", stepping: int = 1) -> str:
    """The lines of /proc/cpuinfo that matter."""
    return (
        f"processor\t: 0\nvendor_id\t: {vendor}\ncpu family\t: {family}\nmodel\t\t: {model}\nmodel name\t: {name}\n"
        f"stepping\t: {stepping}\nflags\t\t: fpu sse4_2 {flags}\n"
    )


AVX2 = "avx avx2 fma"
AVX512 = f"{AVX2} avx512f avx512bw avx512dq avx512vl"


class Machine(unittest.TestCase):
    def test_names_that_say_nothing_get_their_core(self):
        for family, model, core in ((25, 1, "Zen 3"), (25, 17, "Zen 4"), (25, 160, "Zen 4"), (26, 2, "Zen 5"), (23, 49, "Zen 2")):
            text = cpuinfo("AMD EPYC", "AuthenticAMD", family, model)
            described = {"cpu": machine.cpu_model(text), "core": machine.cpu_core(text)}
            self.assertEqual(machine.machine_name(described), f"AMD EPYC ({core})")

    def test_intel(self):
        text = cpuinfo("Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz", "GenuineIntel", 6, 0x8F)
        self.assertEqual(machine.cpu_model(text), "Intel Xeon Platinum 8481C")
        self.assertEqual(machine.cpu_core(text), "Sapphire Rapids")
        for stepping, core in ((4, "Skylake"), (7, "Cascade Lake"), (11, "Cooper Lake")):
            self.assertEqual(machine.cpu_core(cpuinfo("Intel(R) Xeon(R)", "GenuineIntel", 6, 0x55, "", stepping)), core)

    def test_a_core_that_the_name_tells_is_not_told_twice(self):
        self.assertEqual(machine.machine_name({"cpu": "Neoverse N1", "core": "Neoverse N1"}), "Neoverse N1")

    def test_cores_that_are_not_known_have_numbers(self):
        self.assertEqual(machine.cpu_core(cpuinfo("X", "GenuineIntel", 6, 0xFE)), "family 6 model 254")
        self.assertEqual(machine.cpu_core("CPU implementer\t: 0x99\nCPU part\t: 0xd0c\n"), "implementer 0x99 part 0xd0c")
        self.assertEqual(machine.cpu_core(""), "unknown core")

    def test_arm(self):
        text = "CPU implementer\t: 0x41\nCPU part\t: 0xd40\nFeatures\t: fp asimd sve\n"
        self.assertEqual(machine.cpu_core(text), "Neoverse V1")
        self.assertEqual(machine.cpu_instructions(text), "SVE")

    def test_instruction_sets(self):
        expected = {
            "": "SSE4",
            AVX2: "AVX2",
            AVX512: "AVX-512",
            f"{AVX512} avx512_vnni avx512_bf16": "AVX-512, AVX512_VNNI, AVX512_BF16",
            f"{AVX512} amx_tile amx_bf16": "AVX-512, AMX",
        }
        for flags, text in expected.items():
            self.assertEqual(machine.cpu_instructions(cpuinfo("X", "GenuineIntel", 6, 0x8F, flags)), text)

    def test_this_machine(self):
        described = machine.describe_machine()
        self.assertTrue(all(described.values()), described)
        self.assertTrue(machine.machine_name(described))


if __name__ == "__main__":
    unittest.main()
