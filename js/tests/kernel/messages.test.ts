import type { AnyModel } from "@anywidget/types";
import { beforeEach, expect, test } from "vitest";
import { Channel, DisconnectedError, isAbort, KernelError, setTrait } from "../../src/kernel/messages";

type Message = Record<string, unknown>;
type Listener = (message: unknown, buffers: DataView[]) => void;

/** The page's end of a comm: keeps what is sent, delivers what the test says. */
class FakeModel {
  readonly sent: Message[] = [];
  isConnected = true;
  readonly #listeners = new Map<string, Set<Listener>>();

  on(event: string, listener: Listener) {
    this.#listeners.set(event, (this.#listeners.get(event) ?? new Set<Listener>()).add(listener));
  }
  off(event: string, listener: Listener) {
    this.#listeners.get(event)?.delete(listener);
  }
  send(message: Message) {
    if (!this.isConnected) throw new Error("Cannot send");
    this.sent.push(message);
  }
  set() {}
  save_changes() {
    this.send({});
  }
  deliver(message: unknown, buffers: DataView[] = []) {
    this.fire("msg:custom", message, buffers);
  }
  fire(event: string, message: unknown = {}, buffers: DataView[] = []) {
    for (const listener of this.#listeners.get(event) ?? []) listener(message, buffers);
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

test("without a kernel a request says what to do, and a trait stays in the page", async () => {
  model.isConnected = false;
  const request = channel.request("values");
  await expect(request).rejects.toBeInstanceOf(DisconnectedError);
  await expect(request).rejects.toThrow("run the cell again");
  expect(() => setTrait(model as unknown as AnyModel, "selected", "x")).not.toThrow();
});

test("a request that is open when the kernel goes is given up", async () => {
  const request = channel.request("values");
  model.fire("comm_live_update");
  await expect(request).rejects.toBeInstanceOf(DisconnectedError);
});

test("giving up a request without a kernel is no failure", async () => {
  const controller = new AbortController();
  const request = channel.request("values", {}, { signal: controller.signal });
  model.isConnected = false;
  controller.abort();
  await expect(request).rejects.toSatisfy(isAbort);
});
