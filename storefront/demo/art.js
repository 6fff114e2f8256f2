// A picture for every product, drawn from its id and category: the same product always looks the same.
const PALETTES = [["#cfe0d4", "#2f6f5e"], ["#f1dfc9", "#a9622f"], ["#d6e2ee", "#3d5f86"], ["#efd9d6", "#9a4a42"], ["#e6e0f0", "#66528e"], ["#e9ead0", "#6f7530"], ["#d9ecec", "#2f7478"], ["#f0e2e8", "#92496b"]];
const SHAPES = [
  c => `<path d="M30 110 80 40l50 70z" fill="${c}"/><path d="M80 40v70H62z" fill="#fff" opacity=".35"/>`,
  c => `<rect x="45" y="48" width="70" height="66" rx="14" fill="${c}"/><path d="M62 48a18 18 0 0 1 36 0" fill="none" stroke="${c}" stroke-width="7"/>`,
  c => `<circle cx="80" cy="80" r="36" fill="${c}"/><circle cx="80" cy="80" r="17" fill="#fff" opacity=".4"/>`,
  c => `<path d="M55 45h50l8 70H47z" fill="${c}"/><path d="M55 45h50l1 12H54z" fill="#fff" opacity=".4"/>`,
  c => `<path d="M80 36c26 18 34 44 0 80-34-36-26-62 0-80z" fill="${c}"/><path d="M80 50v58" stroke="#fff" stroke-width="3" opacity=".5"/>`,
  c => `<rect x="58" y="40" width="44" height="76" rx="20" fill="${c}"/><rect x="68" y="30" width="24" height="14" rx="4" fill="${c}"/><rect x="66" y="66" width="28" height="24" rx="4" fill="#fff" opacity=".4"/>`,
  c => `<path d="M40 98c0-40 80-40 80 0z" fill="${c}"/><rect x="34" y="98" width="92" height="10" rx="5" fill="${c}"/>`,
  c => `<path d="M44 62h72v10c0 26-16 42-36 42s-36-16-36-42z" fill="${c}"/><path d="M116 70h8a10 10 0 0 1 0 22h-12" fill="none" stroke="${c}" stroke-width="7"/>`
];
function hash(text) {
  let h = 2166136261;
  for (const ch of text) h = Math.imul(h ^ ch.charCodeAt(0), 16777619) >>> 0;
  return h;
}
export function art(id, category) {
  const [background, colour] = PALETTES[hash(category.split(" > ")[0] || "x") % PALETTES.length];
  const shape = SHAPES[hash(category || id) % SHAPES.length](colour);
  const turn = (hash(id) % 13) - 6, size = 0.85 + (hash(id + "s") % 30) / 100, x = 20 + (hash(id + "x") % 120), y = 20 + (hash(id + "y") % 120);
  return `<svg viewBox="0 0 160 150" aria-hidden="true"><rect width="160" height="150" fill="${background}"/>` +
    `<circle cx="${x}" cy="${y}" r="52" fill="#fff" opacity=".35"/><g transform="translate(80 78) rotate(${turn}) scale(${size.toFixed(2)}) translate(-80 -78)">${shape}</g></svg>`;
}
