# SPDX-License-Identifier: MIT
# cmake -DFOLDER=web -DOUTPUT=web_files.cc -P embed.cmake: writes the files of the page as C++ arrays.
file(GLOB names RELATIVE ${FOLDER} ${FOLDER}/*)
list(SORT names)
set(arrays "")
set(rows "")
foreach(name ${names})
  file(READ ${FOLDER}/${name} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${hex}")
  string(MAKE_C_IDENTIFIER "k_${name}" id)
  get_filename_component(extension ${name} EXT)
  if(extension STREQUAL ".html")
    set(type "text/html; charset=utf-8")
  elseif(extension STREQUAL ".css")
    set(type "text/css; charset=utf-8")
  elseif(extension STREQUAL ".js")
    set(type "text/javascript; charset=utf-8")
  elseif(extension STREQUAL ".svg")
    set(type "image/svg+xml")
  else()
    set(type "application/json")
  endif()
  set(path "/${name}")
  if(name STREQUAL "index.html")
    set(path "/")
  endif()
  string(APPEND arrays "constexpr char ${id}[] = {${bytes}};\n")
  string(APPEND rows "    {\"${path}\", \"${type}\", {${id}, sizeof ${id}}},\n")
endforeach()
file(WRITE ${OUTPUT} "// Made by embed.cmake.
#include \"service/web_files.h\"

#include <array>

namespace callvet::service {
namespace {

${arrays}
constexpr auto kFiles = std::to_array<WebFile>({
${rows}});

}  // namespace

std::span<const WebFile> WebFiles() {
  return kFiles;
}

}  // namespace callvet::service
")
