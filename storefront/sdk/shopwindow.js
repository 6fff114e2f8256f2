/* Shopwindow for the browser: what shoppers do goes out, what to show comes in. No dependencies.
   Without consent to personalization nothing that names the shopper is stored or sent, but for preferences. */
(function (root) {
  "use strict";
  var LIMIT_BATCH = 450000, LIMIT_EVENT = 32000, FLUSH_MS = 800, FLUSH_COUNT = 20, SESSION_ITEMS = 10, ATTRIBUTED = 100;
  var conf = null, queue = [], sending = false, failures = 0, timer = 0, listeners = [];
  var PURPOSES = ["analytics", "personalization", "advertising"], OWN = ["id", "user", "items", "cart", "led"];
  var agreed = { analytics: false, personalization: false, advertising: false }, updatedAt, tcString, gpc = navigator.globalPrivacyControl === true;
  var user = {}, view = null;

  function id() {
    if (root.crypto && root.crypto.randomUUID) return root.crypto.randomUUID();
    return Date.now().toString(16) + "-" + Math.random().toString(16).slice(2) + Math.random().toString(16).slice(2);
  }
  function recall(name, fallback) {
    try { return JSON.parse(root.localStorage.getItem("sw_" + name)) || fallback; } catch (e) { return fallback; }
  }
  function keep(name, value) {
    try {
      if (value === null) root.localStorage.removeItem("sw_" + name);
      else root.localStorage.setItem("sw_" + name, JSON.stringify(value));
    } catch (e) { /* private mode or a full store: this page still works */ }
  }
  function tell(kind, detail) { listeners.forEach(function (f) { f(kind, detail); }); }

  function anonymousId() {
    if (!agreed.personalization) return undefined;
    user.anonymousId = user.anonymousId || recall("id", recall("own", id()));
    keep("id", user.anonymousId);
    return user.anonymousId;
  }
  function said() {
    return { categoryPreferences: updatedAt && Object.assign({}, agreed), updatedAt: updatedAt, gpc: gpc || undefined, tcfString: tcString };
  }
  function context() {
    var c = {
      consent: said(),
      library: { name: "shopwindow.js", version: "0.1.0" },
      page: { path: location.pathname + location.hash, title: document.title },
      locale: navigator.language,
      device: { type: /Mobi/.test(navigator.userAgent) ? "mobile" : /Tablet|iPad/.test(navigator.userAgent) ? "tablet" : "desktop" }
    };
    try { c.timezone = Intl.DateTimeFormat().resolvedOptions().timeZone; } catch (e) { /* an old browser */ }
    if (agreed.personalization) {
      c.page.url = location.href; c.page.referrer = document.referrer; c.page.search = location.search;
      c.userAgent = navigator.userAgent;
      c.screen = { width: screen.width, height: screen.height, density: root.devicePixelRatio };
      if (user.userHash) c.userHash = user.userHash;
      var campaign = {};
      new URLSearchParams(location.search).forEach(function (v, k) { if (k.slice(0, 4) === "utm_") campaign[k.slice(4)] = v; });
      if (Object.keys(campaign).length) c.campaign = campaign;
    }
    return c;
  }

  /* ---- sending: kept in the browser until the server has it ---- */
  function send(type, fields) {
    if (!conf) { console.warn("shopwindow: call init() first"); return; }
    var event = { type: type, messageId: id(), timestamp: new Date().toISOString(), context: context() };
    var who = anonymousId();
    if (who) { event.anonymousId = who; if (user.userId) event.userId = user.userId; }
    Object.keys(fields).forEach(function (k) { if (fields[k] !== undefined) event[k] = fields[k]; });
    if (JSON.stringify(event).length > LIMIT_EVENT) { console.warn("shopwindow: event is too large and was left out", event); return; }
    queue.push(event); save(); tell("event", event);
    if (queue.length >= FLUSH_COUNT) flush();
    else if (!timer && !sending) timer = setTimeout(flush, FLUSH_MS);
  }
  function save() { keep("queue", agreed.personalization && queue.length ? queue.slice(-500) : null); }
  function batch() {
    var n = 0, size = 0;
    while (n < queue.length && n < 100) { size += JSON.stringify(queue[n]).length; if (n && size > LIMIT_BATCH) break; n++; }
    return queue.slice(0, n);
  }
  function body(events) { return JSON.stringify({ batch: events, sentAt: new Date().toISOString(), writeKey: conf.writeKey }); }
  function taken(events) {
    var sent = {}; events.forEach(function (e) { sent[e.messageId] = 1; });
    queue = queue.filter(function (e) { return !sent[e.messageId]; }); save();
  }
  function flush() {
    clearTimeout(timer); timer = 0;
    if (!conf || sending || !queue.length) return Promise.resolve();
    var events = batch(); sending = true;
    return fetch(conf.host + "/v1/batch", { method: "POST", headers: { "Content-Type": "text/plain" }, body: body(events), keepalive: events.length < 20 })
      .then(function (r) {
        if (r.status === 429 || r.status >= 500) throw { after: +r.headers.get("retry-after") || 0 };
        failures = 0; taken(events);
        return r.json().catch(function () { return {}; }).then(function (answer) {
          if (answer.rejected) console.warn("shopwindow: refused", answer.rejected);
          tell("sent", { count: events.length, status: r.status, answer: answer });
        });
      })
      .catch(function (e) {
        failures++; tell("failed", { failures: failures });
        var wait = Math.max((e && e.after || 0) * 1000, Math.min(1000 * Math.pow(2, failures), 60000)) * (0.75 + Math.random() / 2);
        timer = setTimeout(flush, wait);
      })
      .then(function () { sending = false; if (queue.length && !timer) timer = setTimeout(flush, FLUSH_MS); });
  }
  function leave() {
    engaged();
    while (queue.length && navigator.sendBeacon) {
      var events = batch().slice(0, 20);
      if (!navigator.sendBeacon(conf.host + "/v1/batch", body(events))) break;
      taken(events);
    }
  }

  function told(r) { return r.json().then(function (b) { if (!r.ok) throw b; return b; }); }
  function get(path, ids) {
    var query = new URLSearchParams({ writeKey: conf.writeKey });
    Object.keys(ids).forEach(function (n) { if (ids[n]) query.set(n, ids[n]); });
    return fetch(conf.host + path + "?" + query).then(told);
  }

  /* ---- dwell and scroll: visible time on a page, how far down it went ---- */
  function clock() { return view && view.shown ? Date.now() - view.shown : 0; }
  function watch(product) {
    engaged();
    view = { product: product, dwell: 0, shown: document.visibilityState === "visible" ? Date.now() : 0, scroll: 0 };
    scrolled();
  }
  function scrolled() {
    if (!view) return;
    var d = document.documentElement, reach = d.scrollHeight - innerHeight;
    view.scroll = Math.max(view.scroll, reach > 0 ? Math.min((root.scrollY || 0) / reach, 1) : 1);
  }
  function engaged() {
    if (!view) return;
    var seconds = (view.dwell + clock()) / 1000, product = view.product, scroll = view.scroll;
    view = null;
    if (seconds >= 1) send("track", { event: "Page Engaged", properties: { product_id: product, dwell_seconds: Math.round(seconds * 10) / 10, scroll_depth: Math.round(scroll * 100) / 100 } });
  }
  function visibility() {
    if (document.visibilityState === "hidden") {
      if (view) { view.dwell += clock(); view.shown = 0; }
      var still = view; leave();
      view = still && { product: still.product, dwell: 0, shown: 0, scroll: still.scroll };
    } else if (view) view.shown = Date.now();
  }

  /* ---- what the session is about, and which recommendation led to what ---- */
  function remember(item) {
    user.items = (user.items || recall("items", [])).filter(function (i) { return i !== item; }).concat(item).slice(-SESSION_ITEMS);
    if (agreed.personalization) keep("items", user.items);
  }
  function cart(change, item) {
    user.cart = (user.cart || recall("cart", [])).filter(function (i) { return i !== item; });
    if (change > 0) user.cart.push(item);
    if (agreed.personalization) keep("cart", user.cart);
  }
  function credit(item, recommendationId) {
    var led = recall("led", []).filter(function (p) { return p[0] !== item; });
    if (recommendationId && agreed.personalization) keep("led", led.concat([[item, recommendationId]]).slice(-ATTRIBUTED));
  }
  function credited(properties) {
    var led = {}; recall("led", []).forEach(function (p) { led[p[0]] = p[1]; });
    function mark(p) {
      var found = p && led[p.product_id];
      return found && !p.recommendation_id ? Object.assign({}, p, { recommendation_id: found }) : p;
    }
    var marked = mark(properties || {});
    return Array.isArray(marked.products) ? Object.assign({}, marked, { products: marked.products.map(mark) }) : marked;
  }

  function track(event, properties) {
    var p = credited(properties), item = p.product_id && String(p.product_id);
    if (event === "Product Viewed" && item) { remember(item); }
    if (event === "Product Added" && item) cart(1, item);
    if (event === "Product Removed" && item) cart(-1, item);
    if (event === "Order Completed") (p.products || []).forEach(function (one) { cart(-1, String(one.product_id)); });
    send("track", { event: event, properties: p });
    if (event === "Product Viewed" && item) watch(item);
  }
  function page(name, properties) { send("page", { name: name, properties: properties || {} }); watch(undefined); }
  function identify(userId, traits, proof) {
    user.userId = String(userId); user.userHash = proof && proof.userHash;
    keep("user", agreed.personalization ? { userId: user.userId, userHash: user.userHash } : null);
    send("identify", { userId: agreed.personalization ? user.userId : undefined, traits: agreed.personalization ? traits : undefined });
  }
  function reset() {
    engaged(); flush(); forget(); keep("own", null);
  }
  function forget() { user = {}; OWN.forEach(function (n) { keep(n, null); }); }

  /* ---- consent: kept in the browser, and told to the server when it changes ---- */
  function adopt(choice) {
    var before = JSON.stringify(agreed);
    PURPOSES.forEach(function (n) { if (n in choice) agreed[n] = choice[n] === true; });
    return JSON.stringify(agreed) !== before;
  }
  function consent(choice) {
    if (adopt(choice) || !updatedAt) { updatedAt = new Date().toISOString(); tellServer(who(), 3); }
    keep("consent", Object.assign({ updatedAt: updatedAt }, agreed));
    if (!agreed.personalization) { queue = []; save(); forget(); }
    tell("consent", agreed);
  }
  /* The ids the server may know the shopper by: those of before, when consent is just being withdrawn. */
  function who() {
    var ids = { anonymousId: user.anonymousId || recall("id", anonymousId()) };
    if (user.userId && user.userHash) { ids.userId = user.userId; ids.userHash = user.userHash; }
    return ids;
  }
  function tellServer(ids, tries) {
    if (!conf || !(ids.anonymousId || ids.userId)) return;
    var at = updatedAt, choice = Object.assign({}, agreed, { gpc: gpc || undefined, tcfString: tcString });
    (function attempt() {
      fetch(conf.host + "/v1/consent", {
        method: "PUT", headers: { "Content-Type": "text/plain" }, keepalive: true,
        body: JSON.stringify(Object.assign({ consent: choice, updatedAt: at, sentAt: new Date().toISOString(), writeKey: conf.writeKey }, ids))
      }).then(function (r) {
        if (r.status === 409 || r.status === 429 || r.status >= 500) throw r;
        return r.json();
      }).then(function (answer) {
        if (at === updatedAt && answer.updatedAt) { updatedAt = answer.updatedAt; keep("consent", Object.assign({ updatedAt: updatedAt }, agreed)); }
        tell("consented", answer);
      }).catch(function () { if (--tries) setTimeout(attempt, 1000); else console.warn("shopwindow: consent was not told to the server"); });
    })();
  }
  /* A promise of what holds, and of the history as the server has it; never rejects. */
  function getConsent() {
    var own = { consent: Object.assign({}, agreed), updatedAt: updatedAt, gpc: gpc, known: false, history: [] };
    if (!agreed.personalization || !conf) return Promise.resolve(own);
    return get("/v1/consent", who())
      .then(function (b) { return Object.assign(own, { known: b.known === true, history: b.history || [] }); }, function () { return own; });
  }
  /* What a consent banner of the IAB's framework was told. */
  function tcf(data, ok) {
    if (!ok || !data.purpose || !/tcloaded|useractioncomplete/.test(data.eventStatus)) return;
    var yes = data.purpose.consents || {};
    tcString = data.tcString;
    consent({ analytics: !!(yes[1] && yes[8]), personalization: !!(yes[1] && yes[5] && yes[6]), advertising: !!(yes[1] && yes[3] && yes[4]) });
  }

  /* ---- preferences, kept without consent too ---- */
  function asker() { return agreed.personalization ? who() : { anonymousId: recall("own") }; }
  function preferences() {
    var ids = asker();
    return ids.anonymousId ? get("/v1/preferences", ids) : Promise.resolve({ favourites: {}, hidden: {}, sizes: {} });
  }
  function setPreferences(lists) {
    keep("own", anonymousId() || recall("own", id()));
    return fetch(conf.host + "/v1/preferences", {
      method: "PUT", headers: { "Content-Type": "text/plain" },
      body: JSON.stringify(Object.assign({ writeKey: conf.writeKey }, lists, asker()))
    }).then(told);
  }
  function hide(kind, value) {
    return preferences().then(function (p) {
      var hidden = {}; hidden[kind] = (p.hidden[kind] || []).concat(value).slice(-100);
      return setPreferences({ hidden: hidden });
    });
  }

  /* ---- recommendations: always an answer, never an exception ---- */
  function recommend(options) {
    var o = Object.assign({}, options), timeout = o.timeout || conf.timeout || 1500;
    delete o.timeout;
    var request = Object.assign({ context: {}, items: (user.items || recall("items", [])), cart: (user.cart || recall("cart", [])), writeKey: conf.writeKey }, o);
    request.context = Object.assign({ consent: said() }, request.context);
    Object.assign(request, asker());
    var stop = new AbortController(), late = setTimeout(function () { stop.abort(); }, timeout), began = performance.now();
    return fetch(conf.host + "/v1/recommendations", { method: "POST", headers: { "Content-Type": "text/plain" }, body: JSON.stringify(request), signal: stop.signal })
      .then(told)
      .catch(function (e) {
        if (e && e.error) console.warn("shopwindow: " + e.message, e.field || "");
        return { recommendationId: null, placement: o.placement, items: [], served: { tier: "none", fallback: true } };
      })
      .then(function (answer) { clearTimeout(late); answer.milliseconds = Math.round(performance.now() - began); tell("recommendation", answer); return answer; });
  }
  /* Counts a shelf as viewed when half of it was on screen for a second, and clicks on its items ([data-item]). */
  function observe(element, answer) {
    if (!answer.recommendationId) return;
    var info = { recommendation_id: answer.recommendationId, placement: answer.placement };
    var products = answer.items.map(function (i) { return { product_id: i.id, position: i.position }; }), wait = 0;
    var eye = new IntersectionObserver(function (entries) {
      clearTimeout(wait);
      if (entries[entries.length - 1].isIntersecting) wait = setTimeout(function () {
        eye.disconnect(); send("track", { event: "Recommendation Viewed", properties: Object.assign({ products: products }, info) });
      }, 1000);
    }, { threshold: 0.5 });
    eye.observe(element);
    element.addEventListener("click", function (e) {
      var tile = e.target.closest && e.target.closest("[data-item]"), item = tile && tile.getAttribute("data-item");
      var product = products.filter(function (p) { return p.product_id === item; })[0];
      if (!product) return;
      credit(item, answer.recommendationId);
      send("track", { event: "Recommendation Clicked", properties: Object.assign({}, product, info) });
    });
  }

  /* ---- GA4: what a shop tells Google, we understand ---- */
  var GA4 = {
    view_item: "Product Viewed", view_item_list: "Product List Viewed", select_item: "Product Clicked", add_to_cart: "Product Added",
    remove_from_cart: "Product Removed", view_cart: "Cart Viewed", begin_checkout: "Checkout Started", purchase: "Order Completed",
    refund: "Order Refunded", search: "Products Searched", view_promotion: "Promotion Viewed", select_promotion: "Promotion Clicked",
    add_to_wishlist: "Product Added to Wishlist"
  };
  var EACH = { view_item: 1, select_item: 1, add_to_cart: 1, remove_from_cart: 1, add_to_wishlist: 1 };
  function product(i) {
    var path = [i.item_category, i.item_category2, i.item_category3].filter(Boolean).join(" > ");
    return { product_id: i.item_id, name: i.item_name, brand: i.item_brand, category: path || undefined, price: i.price, quantity: i.quantity, position: i.index };
  }
  function translate(entry) {
    var name = entry && entry[0] === "event" ? entry[1] : entry && entry.event, event = GA4[name];
    if (!event) return;
    var ga = entry[0] === "event" ? entry[2] || {} : entry.ecommerce || entry;
    var items = (ga.items || []).map(product);
    if (EACH[name]) return items.forEach(function (p) { track(event, p); });
    track(event, {
      order_id: ga.transaction_id, total: ga.value, value: ga.value, currency: ga.currency, coupon: ga.coupon, query: ga.search_term,
      list_id: ga.item_list_id, promotion_id: ga.promotion_id, products: items.length ? items : undefined
    });
  }
  function bridge(layer) {
    layer.forEach(translate);
    var push = layer.push;
    layer.push = function () { Array.prototype.forEach.call(arguments, translate); return push.apply(layer, arguments); };
  }

  function init(options) {
    conf = Object.assign({}, options, { host: options.host.replace(/\/$/, "") });
    var kept = recall("consent", {});
    adopt(kept); updatedAt = kept.updatedAt;
    if (options.consent && adopt(options.consent)) {
      updatedAt = new Date().toISOString();
      keep("consent", Object.assign({ updatedAt: updatedAt }, agreed));
    }
    if (agreed.personalization) {
      user = Object.assign({}, recall("user", {})); queue = recall("queue", []).concat(queue);
      if (options.userId) { user.userId = String(options.userId); user.userHash = options.userHash; }
    }
    addEventListener("pagehide", leave);
    document.addEventListener("visibilitychange", visibility);
    addEventListener("scroll", scrolled, { passive: true });
    if (queue.length) flush();
    if (options.tcf && root.__tcfapi) root.__tcfapi("addEventListener", 2, tcf);
  }

  root.shopwindow = {
    init: init, track: track, page: page, identify: identify, reset: reset, consent: consent, getConsent: getConsent, preferences: preferences, setPreferences: setPreferences, hide: hide, recommend: recommend, observe: observe,
    alias: function (userId, previousId) { send("alias", { userId: String(userId), previousId: previousId || anonymousId() }); },
    viewProduct: function (p) { track("Product Viewed", p); },
    bridge: bridge, flush: flush, on: function (f) { listeners.push(f); },
    state: function () { return { consent: agreed, updatedAt: updatedAt, gpc: gpc, anonymousId: agreed.personalization ? user.anonymousId : undefined, userId: user.userId, items: user.items || recall("items", []), cart: user.cart || recall("cart", []), waiting: queue.length }; }
  };
})(window);
