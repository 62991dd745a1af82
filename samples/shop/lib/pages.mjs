// The storefront's HTML. No script at all: forms and links only.

const pictures = {
  sextant:
    '<path d="M60 18 22 92a50 50 0 0 0 76 0z"/><path d="M60 18v64M36 64h48" /><circle cx="60" cy="18" r="7"/><path d="M14 84a60 60 0 0 0 92 0"/>',
  compass:
    '<circle cx="60" cy="60" r="42"/><circle cx="60" cy="60" r="34"/><path d="M60 30l9 30-9 30-9-30z"/><path d="M60 12v8M60 100v8M12 60h8M100 60h8"/>',
  lantern:
    '<path d="M42 38h36l6 56H36z"/><path d="M46 28h28v10H46zM34 94h52v10H34z"/><path d="M40 28a20 20 0 0 1 40 0"/><path d="M60 84c-10-8-7-18 0-27 7 9 10 19 0 27z"/>',
  rope: '<ellipse cx="60" cy="42" rx="38" ry="14"/><path d="M22 42v14c0 8 17 14 38 14s38-6 38-14V42M22 56v14c0 8 17 14 38 14s38-6 38-14V56M22 70v14c0 8 17 14 38 14s38-6 38-14V70"/><ellipse cx="60" cy="42" rx="18" ry="6"/>',
  bell: '<path d="M60 22c-18 0-22 16-24 36-1 14-6 20-12 26h72c-6-6-11-12-12-26-2-20-6-36-24-36z"/><circle cx="60" cy="94" r="7"/><path d="M60 22v-8M52 14h16"/>',
  charts:
    '<path d="M20 30l26-8 28 8 26-8v68l-26 8-28-8-26 8z"/><path d="M46 22v68M74 30v68"/><path d="M28 70c14-6 10-20 22-22s14 14 26 8 10-14 18-16" stroke-dasharray="4 5"/>',
};

const style = `
:root{--ink:#14242b;--soft:#5a6b72;--paper:#f7f3ea;--card:#fffdf8;--line:#e2dac8;--sea:#0e5266;--sea2:#0a3c4c;--brass:#b8862d;--bad:#a8382c}
*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 "Iowan Old Style","Palatino Linotype",Palatino,Georgia,serif}
a{color:inherit}header{background:linear-gradient(160deg,var(--sea),var(--sea2));color:#f3efe4}
.bar{max-width:1080px;margin:auto;padding:18px 24px;display:flex;align-items:center;gap:24px}.bar a{text-decoration:none}
.brand{font-size:22px;letter-spacing:.02em;display:flex;gap:10px;align-items:center;margin-right:auto}.brand svg{width:30px;height:30px}
.bar .nav{font:14px/1 system-ui,sans-serif;opacity:.9}.bar .nav:hover{opacity:1;text-decoration:underline}
.pill{background:#ffffff22;border-radius:99px;padding:7px 14px}.hero{max-width:1080px;margin:auto;padding:34px 24px 58px}
.hero h1{font-weight:500;font-size:44px;line-height:1.1;margin:0 0 10px;max-width:16em}.hero p{margin:0;opacity:.8;max-width:36em;font-size:18px}
main{max-width:1080px;margin:-34px auto 0;padding:0 24px 40px}main.plain{margin-top:32px}
.grid{display:grid;gap:20px;grid-template-columns:repeat(auto-fill,minmax(300px,1fr))}
.card{background:var(--card);border:1px solid var(--line);border-radius:14px;overflow:hidden;text-decoration:none;display:flex;flex-direction:column;transition:transform .15s,box-shadow .15s}
.card:hover{transform:translateY(-3px);box-shadow:0 14px 30px -18px #0a3c4c88}.art{height:170px;display:grid;place-items:center}
.art svg{width:120px;height:120px;fill:none;stroke:#fff;stroke-width:2.6;stroke-linejoin:round;stroke-linecap:round}
.body{padding:16px 18px 18px;flex:1;display:flex;flex-direction:column}.body h2{margin:0 0 4px;font-size:20px;font-weight:600}.body p{margin:0 0 14px;color:var(--soft);font-size:15px}
.price{margin-top:auto;font-size:18px;color:var(--brass);font-weight:600}.price small{color:var(--soft);font-weight:400;font-size:13px}
.product{display:grid;grid-template-columns:minmax(280px,420px) 1fr;gap:40px;align-items:start}.product .art{height:380px;border-radius:16px}.product .art svg{width:220px;height:220px}
.product h1{margin:0;font-size:36px;font-weight:500}button{font:600 15px/1 system-ui,sans-serif;background:var(--sea);color:#fff;border:0;border-radius:10px;padding:14px 22px;cursor:pointer}
button:hover{background:var(--sea2)}blockquote{margin:0 0 12px;padding:14px 18px;background:var(--card);border:1px solid var(--line);border-radius:12px}
blockquote footer{padding:0;border:0;color:var(--soft);font-size:14px;text-align:left}.stars{letter-spacing:3px;font-size:20px;line-height:1.2}.black{color:#111}.red{color:#c2281c}
.off{color:#d8cfbb}h3{font-size:20px;font-weight:600;margin:32px 0 12px}.note{color:var(--bad);font-style:italic}.panel{background:var(--card);border:1px solid var(--line);border-radius:14px;padding:22px 26px;max-width:640px}
table{width:100%;border-collapse:collapse}td{padding:9px 0;border-bottom:1px solid var(--line)}td:last-child{text-align:right}.total td{border:0;font-weight:700;font-size:18px;padding-top:14px}
body>footer{border-top:1px solid var(--line);color:var(--soft);font:13px/1.6 system-ui,sans-serif;padding:18px 24px;text-align:center}code{background:#ebe4d3;border-radius:5px;padding:1px 7px;font-size:12px}
@media(max-width:760px){.product{grid-template-columns:1fr}.hero h1{font-size:32px}}`;

const anchor =
  '<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.7" stroke-linecap="round"><circle cx="12" cy="5" r="2.3"/><path d="M12 7.5V21M7.5 10.5h9M4 14c.6 4 4 6.7 8 7 4-.3 7.4-3 8-7M4 14l-1 2.4M4 14l2.4 1M20 14l1 2.4M20 14l-2.4 1"/></svg>';

export function homePage({ user, products, count, servedBy }) {
  const cards = products.map(
    (product) => `<a class="card" href="/products/${attribute(product.id)}">${art(product)}
<div class="body"><h2>${text(product.name)}</h2><p>${text(product.blurb)}</p>${price(product)}</div></a>`,
  );
  const hero =
    '<div class="hero"><h1>Everything a small boat needs, and nothing it does not.</h1><p>Chandlers on the old quay. Tested in salt water.</p></div>';
  return layout({ title: 'Harbour & Daughters', user, count, servedBy, hero, main: `<div class="grid">${cards.join('')}</div>` });
}

export function productPage({ user, product, reviews, count, servedBy }) {
  const said = reviews.error
    ? `<p class="note">Reviews cannot be shown right now (${text(reviews.error)}).</p>`
    : reviews.reviews.map((review) => quote(review, reviews)).join('');
  const starless = reviews.ratingsError
    ? `<p class="note">Stars cannot be shown right now (${text(reviews.ratingsError)}).</p>`
    : '';
  const main = `<div class="product">${art(product)}<div><h1>${text(product.name)}</h1><p>${text(product.blurb)}</p><p>${price(product)}${product.left == null ? '' : ` <small>${product.left > 0 ? `${Number(product.left)} left` : 'sold out, more is on its way'}</small>`}</p>
<form method="post" action="/cart"><input type="hidden" name="id" value="${attribute(product.id)}"><button>Put in the cart</button></form>
<h3>What other sailors say</h3>${said}${starless}</div></div>`;
  return layout({ title: product.name, user, count, servedBy, main });
}

export function cartPage({ user, items, servedBy }) {
  const total = items.reduce((sum, item) => sum + item.price, 0);
  const rows = items.map((item) => `<tr><td>${text(item.name)}</td><td>€ ${item.price}</td></tr>`).join('');
  const full = `<table>${rows}<tr class="total"><td>Together</td><td>€ ${total}</td></tr></table><form method="post" action="/checkout"><p><button>Pay € ${total}</button></p></form>`;
  const empty = '<p>Nothing in it yet. <a href="/">Have a look around</a>.</p>';
  const main = `<div class="panel"><h1>Your cart</h1>${items.length > 0 ? full : empty}</div>`;
  return layout({ title: 'Cart', user, count: items.length, servedBy: [servedBy], main });
}

export function receiptPage({ user, status, amount, receipt, error, servedBy = [] }) {
  const paid = `<h1>Thank you</h1><p>Receipt <code>${text(receipt)}</code> over € ${amount}. Fair winds!</p>`;
  const refused = `<h1>Not paid</h1><p class="note">${text(error)}</p><p>Your cart is as it was. <a href="/cart">Try again</a>.</p>`;
  return layout({
    title: 'Checkout',
    user,
    count: 0,
    servedBy,
    main: `<div class="panel">${status === 201 ? paid : refused}</div>`,
  });
}

export function errorPage({ user, title, text: message }) {
  const main = `<div class="panel"><h1>${text(title)}</h1><p class="note">${text(message)}</p><p><a href="/">Back to the shop</a></p></div>`;
  return layout({ title, user, count: 0, servedBy: [], main });
}

function layout({ title, user, count, servedBy, main, hero = '' }) {
  const who =
    user === 'guest'
      ? '<a class="nav" href="/login?user=jason">Sign in as jason</a>'
      : `<a class="nav" href="/login">${text(user)}, sign out</a>`;
  const answered =
    servedBy.length > 0 ? `Answered by ${servedBy.map((service) => `<code>${text(service)}</code>`).join(' ')}` : '';
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${text(title)}</title><style>${style}</style></head><body><header><div class="bar"><a class="brand" href="/">${anchor} Harbour &amp; Daughters</a>
${who}<a class="nav pill" href="/cart">Cart${count > 0 ? ` · ${count}` : ''}</a></div>${hero}</header><main${hero ? '' : ' class="plain"'}>${main}</main><footer>${answered}</footer></body></html>`;
}

function art(product) {
  return `<div class="art" style="background:linear-gradient(150deg,${attribute(product.colour)},#14343f)"><svg viewBox="0 0 120 120">${pictures[product.id] ?? ''}</svg></div>`;
}

function price(product) {
  return `<span class="price">€ ${Number(product.price)} <small>${text(product.unit)}</small></span>`;
}

function quote(review, { star }) {
  const stars =
    star && review.stars
      ? `<div class="stars ${attribute(star)}">${'★'.repeat(review.stars)}<span class="off">${'★'.repeat(5 - review.stars)}</span></div>`
      : '';
  return `<blockquote>${stars}${text(review.text)}<footer>${text(review.by)}</footer></blockquote>`;
}

function text(value) {
  return String(value).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
const attribute = text;
