// The panel that shows what the SDK sent, what was answered, and by which tier.
import { title } from "./shop.js";

const sent = [], answers = new Map();
let panel;

export function startPanel(element) {
  panel = element;
  window.shopwindow.on((kind, detail) => {
    if (kind === "event") { sent.unshift([detail.event || detail.type, "on its way"]); sent.length = Math.min(sent.length, 8); }
    if (kind === "sent") for (let i = 0, left = detail.count; i < sent.length && left; i++) if (sent[i][1] !== "taken") { sent[i][1] = "taken"; left--; }
    if (kind === "failed") sent.forEach(s => { if (s[1] !== "taken") s[1] = "again soon"; });
    if (kind === "recommendation") answers.set(detail.placement, detail);
    draw();
  });
  draw();
}
export function newPage() { answers.clear(); draw(); }

const escape = text => String(text).replace(/[&<>"]/g, c => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" }[c]));
const list = rows => rows.length ? `<ul>${rows.join("")}</ul>` : '<p class="empty">Nothing yet.</p>';

export function draw() {
  if (!panel || panel.hidden) return;
  const known = window.shopwindow.state();
  const allowed = Object.entries(known.consent).filter(([, yes]) => yes).map(([name]) => name).join(", ") || "nothing";
  panel.innerHTML = `<h2>What Shopwindow knows</h2>
    <h3>The shopper</h3><dl><dt>Agreed to</dt><dd>${allowed} <button id="consent-change">change</button></dd>
    <dt>Device</dt><dd>${escape((known.anonymousId || "not stored").slice(0, 13))}</dd><dt>Logged in</dt><dd>${escape(known.userId || "no")}</dd></dl>
    <h3>This session</h3>${list([...known.items].reverse().slice(0, 6).map(id => `<li><span>${escape(title(id))}</span><span>viewed</span></li>`)
      .concat(known.cart.map(id => `<li><span>${escape(title(id))}</span><span>in cart</span></li>`)))}
    <h3>Shelves on this page</h3>${list([...answers.values()].map(a => `<li data-placement="${escape(a.placement)}"><span>${escape(a.placement)}: ${a.items.length} items, ${a.milliseconds} ms</span>
      <span class="tag ${a.served.fallback ? "fallback" : ""}" data-tier>${escape(a.served.tier)}</span></li>`))}
    ${[...answers.values()].slice(0, 1).map(a => `<h3>Why, on “${escape(a.placement)}”</h3>${list(a.items.slice(0, 5).map(i => `<li><span>${escape(i.title)}</span><span>${escape(reason(i))}</span></li>`))}
      <dl><dt>Model</dt><dd>${escape(a.served.modelVersion || "none yet")}</dd></dl>`).join("")}
    <h3>Sent last</h3>${list(sent.map(([name, state]) => `<li><span>${escape(name)}</span><span>${state}</span></li>`))}`;
}

export function reason(item) {
  const [{ reason: word, because } = {}] = item.reasons || [];
  const what = because ? title(because) : "";
  return { similar_to: `like ${what}`, bought_together: `goes with ${what}`, for_you: "fits your taste", looked_at: "you looked at it", buy_again: "bought before", popular: "popular", trending: "trending", best_seller: "sells well", most_viewed: "looked at a lot", new_arrival: "new", on_sale: "on sale", shop_choice: "the shop's choice" }[word] || "";
}
