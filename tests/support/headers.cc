// SPDX-License-Identifier: MIT
// Nothing: a target with precompiled headers needs a source, and the tests are programs.
int main() {
  return 0;
}
