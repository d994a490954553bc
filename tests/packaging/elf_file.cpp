#include "tests/packaging/elf_file.hpp"

#include <elf.h>

#include <cstring>
#include <stdexcept>

#include "tests/support/model_index.hpp"

namespace linnet::test {
namespace {

class Reader {
 public:
  explicit Reader(const std::string& path) : path_(path), bytes_(read_file(path)) {
    const auto header = at<Elf64_Ehdr>(0);
    if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64)
      throw std::runtime_error(path + ": no 64-bit ELF file");
    for (std::size_t i = 0; i < header.e_shnum; ++i)
      sections_.push_back(at<Elf64_Shdr>(header.e_shoff + i * header.e_shentsize));
  }

  /// Calls visit(entry, name of a string offset) for every entry of the sections of `type`.
  template <typename Entry, typename Visit>
  void for_each(std::uint32_t type, const Visit& visit) const {
    for (const Elf64_Shdr& section : sections_) {
      if (section.sh_type != type) continue;
      const Elf64_Shdr& strings = sections_.at(section.sh_link);
      const auto name = [&](std::uint64_t offset) {
        return std::string(bytes_.c_str() + checked(strings.sh_offset + offset, 1));
      };
      for (std::uint64_t i = 0; i + sizeof(Entry) <= section.sh_size; i += sizeof(Entry))
        visit(at<Entry>(section.sh_offset + i), name);
    }
  }

 private:
  std::uint64_t checked(std::uint64_t offset, std::size_t size) const {
    if (offset > bytes_.size() || bytes_.size() - offset < size) throw std::runtime_error(path_ + ": cut short");
    return offset;
  }

  template <typename T>
  T at(std::uint64_t offset) const {
    T value{};
    std::memcpy(&value, bytes_.data() + checked(offset, sizeof(T)), sizeof(T));
    return value;
  }

  std::string path_;
  std::string bytes_;
  std::vector<Elf64_Shdr> sections_;
};

}  // namespace

ElfFile read_elf(const std::string& path) {
  const Reader reader(path);
  ElfFile file;
  reader.for_each<Elf64_Sym>(SHT_DYNSYM, [&](const Elf64_Sym& symbol, const auto& name) {
    if (ELF64_ST_BIND(symbol.st_info) == STB_LOCAL) return;
    // A version's own symbol is absolute.
    if (symbol.st_shndx == SHN_UNDEF) file.imports.push_back(name(symbol.st_name));
    if (symbol.st_shndx != SHN_UNDEF && symbol.st_shndx != SHN_ABS) file.exports.push_back(name(symbol.st_name));
  });
  reader.for_each<Elf64_Dyn>(SHT_DYNAMIC, [&](const Elf64_Dyn& entry, const auto& name) {
    if (entry.d_tag == DT_NEEDED) file.needed.push_back(name(entry.d_un.d_val));
  });
  return file;
}

}  // namespace linnet::test
