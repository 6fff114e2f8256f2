// The shop's own data: catalog, cart, money.
export const [config, catalog] = await Promise.all(["/config.json", "/catalog.json"].map(path => fetch(path).then(r => r.json())));
const byId = new Map(catalog.map(item => [item.id, item]));

export const item = id => byId.get(id);
export const title = id => byId.get(id)?.title || id;
export const top = one => (one.product_type || "Other").split(" > ")[0];
export const departments = [...new Set(catalog.map(top))].sort();

const money = new Intl.NumberFormat(navigator.language, { style: "currency", currency: config.currency });
export function amount(text) { return text ? Number(String(text).split(" ")[0]) : 0; }
export function shown(value) { return money.format(value); }

const read = () => { try { return JSON.parse(localStorage.getItem("shop_cart")) || {}; } catch { return {}; } };
export const cart = {
  lines: () => Object.entries(read()).filter(([id]) => byId.has(id)).map(([id, quantity]) => ({ item: byId.get(id), quantity })),
  change(id, by) {
    const lines = read(), left = (lines[id] || 0) + by;
    if (left > 0) lines[id] = left; else delete lines[id];
    localStorage.setItem("shop_cart", JSON.stringify(lines));
  },
  empty: () => localStorage.removeItem("shop_cart"),
  count: () => Object.values(read()).reduce((a, b) => a + b, 0)
};
// What tracking calls say of a product, in Segment's words.
export function product(one, quantity = 1) {
  return { product_id: one.id, name: one.title, brand: one.brand, category: one.product_type, price: amount(one.sale_price || one.price), quantity };
}
