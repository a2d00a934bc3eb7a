/** The variables view on a page of its own, with the data that stands in it. */
import { assert } from "../kernel/assert";
import { type OfflineData, offlineModel } from "../kernel/offline_model";
import view from "./variables_view";

const place = document.querySelector<HTMLElement>("#view");
const data = document.querySelector("#data")?.textContent;
assert(place && data, "the page has a place for the view, and its data");
place.replaceChildren();
const model = offlineModel(JSON.parse(data) as OfflineData);
view.render({ model, el: place } as unknown as Parameters<typeof view.render>[0]);
