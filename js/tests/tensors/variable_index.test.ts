import { expect, test } from "vitest";
import { decodeIndex, dtypeOf, groupOf, shapeOf } from "../../src/tensors/variable_index";
import { indexOf, indexReply } from "./indexes";

test("gives back every column of every row", async () => {
  const index = await indexOf([
    { name: "dense/kernel", shape: [2, 3] },
    { name: "größe/步", dtype: "int64", itemsize: 8, group: "step" },
  ]);
  expect(index.names).toEqual(["dense/kernel", "größe/步"]);
  expect([shapeOf(index, 0), shapeOf(index, 1)]).toEqual([[2, 3], []]);
  expect([dtypeOf(index, 1), groupOf(index, 1)]).toEqual(["int64", "step"]);
  expect([...index.elements]).toEqual([6, 1]);
  expect([...index.bytes]).toEqual([24, 8]);
});

test("an empty checkpoint has an empty index", async () => {
  expect((await indexOf([])).rows).toBe(0);
});

test("refuses columns that do not fit each other", async () => {
  const reply = indexReply([{ name: "a" }, { name: "b" }]);
  const other = indexReply([{ name: "a" }]);
  const buffers = reply.buffers.map((buffer, position) => (position === 6 ? other.buffers[6] : buffer));
  await expect(decodeIndex({ ...reply, buffers: buffers as DataView[] })).rejects.toThrow("one length");
});
