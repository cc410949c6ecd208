// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include "faults/countdown.h"

int main(int argc, char** argv) {
  callvet::test::TakeOverMemory();
  testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
