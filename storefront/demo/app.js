// A small shop that uses Shopwindow the way a real one would.
import { art } from "./art.js";
import { openPrivacy, startPrivacy } from "./privacy.js";
import { draw, newPage, reason, startPanel } from "./panel.js";
import { amount, cart, catalog, config, departments, item, product, shown, top } from "./shop.js";

const sw = window.shopwindow, main = document.getElementById("main"), $ = id => document.getElementById(id);
const escape = text => String(text ?? "").replace(/[&<>"]/g, c => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" }[c]));

function price(one) {
  const now = amount(one.sale_price || one.price);
  return `<span class="price">${shown(now)}${one.sale_price ? `<s>${shown(amount(one.price))}</s>` : ""}</span>`;
}
function tile(one, why = "", chosen = false) {
  return `<li>${chosen ? `<button class="hide" data-hide="${escape(one.id)}" title="Not interested" aria-label="Not interested in ${escape(one.title)}">×</button>` : ""}<a class="tile" data-item="${escape(one.id)}" href="#/product/${encodeURIComponent(one.id)}">${art(one.id, one.product_type || "")}
    <div><b>${escape(one.title)}</b><small>${escape(one.brand || top(one))}</small>${why ? `<small class="why">${escape(why)}</small>` : ""}${price(one)}</div></a></li>`;
}
const grid = tiles => `<ul class="grid">${tiles.join("")}</ul>`;

async function shelf(heading, options, note = "") {
  const section = document.createElement("section");
  section.className = "shelf";
  section.dataset.placement = options.placement;
  section.innerHTML = `<header><h2>${heading}</h2><small>${note}</small></header><p class="empty">One moment …</p>`;
  main.append(section);
  let answer = await sw.recommend(options);
  if (answer.served.tier === "none") answer = await sw.recommend({ ...options, timeout: 8000 }); // a cold start: once more, patiently
  if (!section.isConnected) return;
  const tiles = answer.items.filter(i => item(i.id)).map(i => tile(item(i.id), reason(i), true));
  if (!tiles.length) { section.remove(); return; }
  section.dataset.tier = answer.served.tier;
  if (answer.served.tier === "contextual") {
    if (options.placement === "home") section.querySelector("h2").textContent = "Popular right now";
    section.querySelector("header small").textContent = "chosen without knowing you: by the page, and by what is popular";
  }
  section.lastElementChild.outerHTML = grid(tiles);
  sw.observe(section, answer);
  section.querySelectorAll("[data-hide]").forEach(b => b.addEventListener("click", () => sw.hide("items", b.dataset.hide).then(() => b.parentElement.remove())));
}

const pages = {
  home() {
    main.innerHTML = `<div class="hero"><h1>Good things for out there and back home</h1><p>Look around. The shelves below follow what you look at, from the very first click.</p></div>`;
    sw.page("Home");
    shelf("For you", { placement: "home", count: 12 }, "follows what you do");
  },
  product(id) {
    const one = item(id);
    if (!one) return pages.missing();
    document.title = `${one.title} · ${config.shopName}`;
    const out = one.availability === "out_of_stock" || one.stock === 0;
    main.innerHTML = `<article class="product"><div class="hero-art">${art(one.id, one.product_type || "")}</div><div>
      <p class="crumbs"><a href="#/category/${encodeURIComponent(top(one))}">${escape(one.product_type || "")}</a></p><h1>${escape(one.title)}</h1>
      <p>${escape(one.brand || "")}</p>${price(one)}<p>${escape(one.description || "")}</p>
      ${out ? '<p class="out">Sold out at the moment</p>' : '<button class="primary" id="add">Add to cart</button>'}</div></article>`;
    sw.viewProduct(product(one));
    $("add")?.addEventListener("click", () => { cart.change(one.id, 1); sw.track("Product Added", product(one)); count(); $("add").textContent = "In your cart – add another"; });
    shelf("Goes well with it", { placement: "product", items: [one.id], count: 8 });
  },
  category(name) {
    document.title = `${name} · ${config.shopName}`;
    main.innerHTML = `<h1 style="font:600 2rem Georgia,serif;margin:.2rem 0 1.2rem">${escape(name)}</h1>`;
    const members = catalog.filter(one => top(one) === name);
    sw.track("Product List Viewed", { category: name });
    shelf(`Picked for you in ${escape(name)}`, { placement: "category", filter: { categories: [name] }, count: 4 }).then(() => {
      main.insertAdjacentHTML("beforeend", `<section><header class="shelf"><h2>Everything in ${escape(name)}</h2></header>${grid(members.slice(0, 48).map(one => tile(one)))}</section>`);
    });
  },
  search(query) {
    const words = query.toLowerCase().split(/\s+/).filter(Boolean);
    const hits = catalog.filter(one => words.every(w => `${one.title} ${one.brand} ${one.product_type}`.toLowerCase().includes(w))).slice(0, 48);
    main.innerHTML = `<section class="shelf"><header><h2>${hits.length ? `Results for “${escape(query)}”` : `Nothing found for “${escape(query)}”`}</h2></header>${grid(hits.map(one => tile(one)))}</section>`;
    sw.track("Products Searched", { query });
    if (!hits.length) shelf("You might like", { placement: "home", count: 8 });
  },
  cart() {
    const lines = cart.lines(), total = lines.reduce((sum, l) => sum + amount(l.item.sale_price || l.item.price) * l.quantity, 0);
    main.innerHTML = `<h1 style="font:600 2rem Georgia,serif;margin:.2rem 0">Your cart</h1>` + (lines.length
      ? `<table class="lines">${lines.map(l => `<tr><td style="width:70px">${art(l.item.id, l.item.product_type || "")}</td><td><a href="#/product/${encodeURIComponent(l.item.id)}">${escape(l.item.title)}</a><br><small>${l.quantity} × ${shown(amount(l.item.sale_price || l.item.price))}</small></td><td><button data-remove="${escape(l.item.id)}">Remove</button></td></tr>`).join("")}</table>
         <p><strong>Total ${shown(total)}</strong></p><button class="primary" id="buy">Buy now</button><br><br>` : '<p class="empty">It is empty.</p>');
    sw.track("Cart Viewed", { products: lines.map(l => product(l.item, l.quantity)) });
    main.querySelectorAll("[data-remove]").forEach(b => b.addEventListener("click", () => {
      const one = item(b.dataset.remove); cart.change(one.id, -99); sw.track("Product Removed", product(one, 99)); count(); pages.cart();
    }));
    $("buy")?.addEventListener("click", () => {
      const id = Date.now().toString(36);
      sw.track("Order Completed", { order_id: id, total, currency: config.currency, products: lines.map(l => product(l.item, l.quantity)) });
      sessionStorage.setItem("bought", JSON.stringify(lines.map(l => l.item.id)));
      cart.empty(); count(); location.hash = `#/thanks/${id}`;
    });
    shelf("Complete your cart", { placement: "cart", count: 6 });
  },
  thanks(id) {
    const bought = JSON.parse(sessionStorage.getItem("bought") || "[]");
    main.innerHTML = `<div class="hero"><h1>Thank you!</h1><p>Order ${escape(id)} is on its way (as far as demo orders go).</p></div>`;
    shelf("Goes with what you bought", { placement: "order-confirmation", items: bought, count: 6 });
  },
  missing() { main.innerHTML = '<p class="empty">This page does not exist. <a href="#/">Back to the shop</a></p>'; }
};

function route() {
  const [name, ...rest] = location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  document.title = config.shopName;
  newPage();
  document.querySelectorAll("#departments a").forEach(a => a.textContent === rest[0] ? a.setAttribute("aria-current", "page") : a.removeAttribute("aria-current"));
  (pages[name || "home"] || pages.missing)(rest.join("/"));
  scrollTo(0, 0);
}
function count() { $("cart-count").textContent = cart.count(); draw(); }
function askConsent() { $("consent").hidden = false; }
function answerConsent(yes) {
  localStorage.setItem("shop_asked", "1");
  sw.consent({ analytics: yes, personalization: yes, advertising: false });
  consented();
}
function consented() { $("consent").hidden = true; $("account").value = sw.state().userId || ""; draw(); route(); }
function accounts() {
  $("account").innerHTML = `<option value="">a guest</option>${config.accounts.map(a => `<option value="${escape(a.userId)}">${escape(a.name)}</option>`).join("")}`;
  $("account").value = sw.state().userId || "";
  $("account").addEventListener("change", () => {
    const one = config.accounts.find(a => a.userId === $("account").value);
    if (one) sw.identify(one.userId, { name: one.name }, { userHash: one.userHash }); else sw.reset();
    location.hash = "#/"; route();
  });
}

$("brand").textContent = config.shopName;
$("departments").innerHTML = departments.map(d => `<a href="#/category/${encodeURIComponent(d)}">${escape(d)}</a>`).join("");
$("search").addEventListener("submit", e => { e.preventDefault(); location.hash = `#/search/${encodeURIComponent(new FormData(e.target).get("q"))}`; });
$("panel-toggle").addEventListener("click", () => { const p = $("panel"); p.hidden = !p.hidden; $("panel-toggle").setAttribute("aria-expanded", String(!p.hidden)); localStorage.setItem("shop_panel", p.hidden ? "" : "1"); draw(); });
$("panel").addEventListener("click", e => { if (e.target.id === "consent-change") openPrivacy(); });
["privacy-open", "consent-choose"].forEach(name => $(name).addEventListener("click", openPrivacy));
$("consent-yes").addEventListener("click", () => answerConsent(true));
$("consent-no").addEventListener("click", () => answerConsent(false));

sw.init({ host: config.host, writeKey: config.writeKey });
startPanel($("panel"));
startPrivacy($("privacy"), consented);
$("panel").hidden = !localStorage.getItem("shop_panel") && innerWidth < 1100;
$("panel-toggle").setAttribute("aria-expanded", String(!$("panel").hidden));
accounts(); count(); draw();
if (!localStorage.getItem("shop_asked")) askConsent();
addEventListener("hashchange", route);
route();
