# SPDX-License-Identifier: MIT
# cmake -DSOURCE=. -DOUTPUT=commit.cc -P commit.cmake: writes the source that holds the commit, and only if it
# is another one than before. `git archive` puts the commit into commit.txt; in a clone git is asked.
file(STRINGS ${CMAKE_CURRENT_LIST_DIR}/commit.txt commit LIMIT_COUNT 1)
if(NOT commit MATCHES "^[0-9a-f]+$")
  set(commit "unknown")
  find_program(GIT git)
  # A clone of its own, and not a folder that happens to lie in somebody's clone.
  if(GIT AND EXISTS ${SOURCE}/.git)
    execute_process(COMMAND ${GIT} -C ${SOURCE} rev-parse HEAD
      OUTPUT_VARIABLE head OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
    if(NOT failed)
      execute_process(COMMAND ${GIT} -C ${SOURCE} --no-optional-locks status --porcelain --untracked-files=no
        OUTPUT_VARIABLE changes ERROR_QUIET)
      set(commit "${head}")
      if(changes)
        string(APPEND commit "-modified")
      endif()
    endif()
  endif()
endif()
set(text "// Made by commit.cmake.
#include \"cli/version_text.h\"

namespace callvet::cli {

std::string_view Commit() {
  return \"${commit}\";
}

}  // namespace callvet::cli
")
set(before "")
if(EXISTS ${OUTPUT})
  file(READ ${OUTPUT} before)
endif()
if(NOT before STREQUAL text)
  file(WRITE ${OUTPUT} "${text}")
endif()
