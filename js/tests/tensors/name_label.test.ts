import { describe, expect, it } from "vitest";
import { splitName } from "../../src/tensors/name_label";

describe("splitName", () => {
  it.each([
    ["step", "", "step", ""],
    ["conv/kernel", "", "conv/kernel", ""],
    ["a/b/kernel/Adam", "a/b/", "kernel/Adam", ""],
    ["net/layer/kernel/.ATTRIBUTES/VARIABLE_VALUE", "net/", "layer/kernel", "/.ATTRIBUTES/VARIABLE_VALUE"],
    [
      "net/layer/kernel/.OPTIMIZER_SLOT/optimizer/m/.ATTRIBUTES/VARIABLE_VALUE",
      "net/layer/",
      "kernel/.OPTIMIZER_SLOT/optimizer/m",
      "/.ATTRIBUTES/VARIABLE_VALUE",
    ],
    ["/.ATTRIBUTES/VARIABLE_VALUE", "", "", "/.ATTRIBUTES/VARIABLE_VALUE"],
  ])("keeps the end of %s that tells rows apart", (name, scope, leaf, tail) => {
    expect(splitName(name)).toEqual([scope, leaf, tail]);
    expect(scope + leaf + tail).toBe(name);
  });
});
