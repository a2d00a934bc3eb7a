import type { AnyModel } from "@anywidget/types";
import { beforeEach, expect, test } from "vitest";
import { Channel, isAbort, KernelError } from "../src/messages";

type Message = Record<string, unknown>;

/** The page's end of a comm: keeps what is sent, delivers what the test says. */
class FakeModel {
  readonly sent: Message[] = [];
  readonly #listeners = new Set<(message: unknown, buffers: DataView[]) => void>();

  on(_: string, listener: (message: unknown, buffers: DataView[]) => void) {
    this.#listeners.add(listener);
  }
  off(_: string, listener: (message: unknown, buffers: DataView[]) => void) {
    this.#listeners.delete(listener);
  }
  send(message: Message) {
    this.sent.push(message);
  }
  deliver(message: unknown, buffers: DataView[] = []) {
    for (const listener of this.#listeners) listener(message, buffers);
  }
}

let model: FakeModel;
let channel: Channel;

beforeEach(() => {
  model = new FakeModel();
  channel = new Channel(model as unknown as AnyModel);
});

test("a reply finds its request, whatever the order", async () => {
  const first = channel.request("values", { row: 1 });
  const second = channel.request("values", { row: 2 });
  const [one, two] = model.sent;
  expect(one).toMatchObject({ kind: "values", row: 1 });
  model.deliver({ id: two?.id, ok: true, row: 2 });
  model.deliver({ id: one?.id, ok: true, row: 1 });
  expect((await first).content.row).toBe(1);
  expect((await second).content.row).toBe(2);
});

test("an error of the kernel keeps its class and message", async () => {
  const request = channel.request("values");
  model.deliver({ id: model.sent[0]?.id, ok: false, error: { type: "ChecksumError", message: "bad" } });
  await expect(request).rejects.toMatchObject({ kind: "ChecksumError", message: "bad" });
  await expect(request).rejects.toBeInstanceOf(KernelError);
});

test("progress is reported and does not end the request", async () => {
  const shares: number[] = [];
  const request = channel.request("statistics", {}, { onProgress: (share) => shares.push(share) });
  const id = model.sent[0]?.id;
  model.deliver({ id, progress: 0.5 });
  model.deliver({ id, ok: true });
  await request;
  expect(shares).toEqual([0.5]);
});

test("aborting tells the kernel and rejects; a late reply is ignored", async () => {
  const controller = new AbortController();
  const request = channel.request("statistics", {}, { signal: controller.signal });
  controller.abort();
  const id = model.sent[0]?.id;
  expect(model.sent[1]).toEqual({ cancel: id });
  model.deliver({ id, ok: true });
  expect(await request.catch(isAbort)).toBe(true);
});

test("views of one model do not take each other's replies", async () => {
  const other = new Channel(model as unknown as AnyModel);
  const mine = channel.request("open");
  const theirs = other.request("open");
  expect(model.sent[0]?.id).not.toBe(model.sent[1]?.id);
  model.deliver({ id: model.sent[0]?.id, ok: true, who: "mine" });
  model.deliver({ id: model.sent[1]?.id, ok: true, who: "theirs" });
  expect([(await mine).content.who, (await theirs).content.who]).toEqual(["mine", "theirs"]);
});

test("events reach their handlers until they are taken off", () => {
  const seen: unknown[] = [];
  const off = channel.on("statistics", (content) => seen.push(content.row));
  model.deliver({ event: "statistics", row: 1 });
  off();
  model.deliver({ event: "statistics", row: 2 });
  expect(seen).toEqual([1]);
});

test("closing rejects what is still open", async () => {
  const request = channel.request("open");
  channel.close();
  expect(await request.catch(isAbort)).toBe(true);
});
