/// The style and the script of the report. Both are part of the page, which fetches nothing.
enum ReportAssets {
  static let style = """
    :root {
      --page: #f6f7f9; --card: #ffffff; --ink: #171a21; --soft: #5c6473; --line: #e1e4ea;
      --a: #2563c9; --b: #d1610a; --c: #7a4fc4; --good: #137a4b; --bad: #b3362b;
      --good-back: #e0f3e9; --mid-back: #e8ebf1; --bad-back: #fbe6e3; --track: #e8ebf1;
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --page: #101216; --card: #191c22; --ink: #e9ecf2; --soft: #9aa3b2; --line: #2a2f38;
        --a: #6ea4ff; --b: #ff9d52; --c: #b596f5; --good: #5fd39b; --bad: #ff8f82;
        --good-back: #14352a; --mid-back: #2a2f38; --bad-back: #41211e; --track: #2a2f38;
      }
    }
    * { box-sizing: border-box; }
    body {
      margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI",
      Roboto, "Noto Sans", "Liberation Sans", sans-serif; font-variant-numeric: tabular-nums; -webkit-text-size-adjust: 100%;
    }
    main { max-width: 1160px; margin: 0 auto; padding: 48px 24px 72px; }
    h1, h2, h3, p, dl, dd, figure, ul { margin: 0; padding: 0; }
    h1 { font-size: clamp(1.75rem, 1.2rem + 2.4vw, 2.5rem); line-height: 1.15; font-weight: 680;
      letter-spacing: -.02em; overflow-wrap: anywhere; }
    h2 { font-size: 1.25rem; font-weight: 640; letter-spacing: -.01em; }
    h3 { font-size: .9375rem; font-weight: 600; }
    section { margin-top: 48px; }
    section > h2 { margin-bottom: 16px; }
    .eyebrow { color: var(--soft); font-size: .875rem; margin-bottom: 6px; }
    .facts { color: var(--soft); margin-top: 10px; }
    .note { color: var(--soft); font-size: .875rem; margin-top: 12px; }
    .card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; }
    .figures { display: grid; gap: 16px; margin-top: 32px; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); }
    .figure { padding: 16px 20px; }
    .figure dt { color: var(--soft); font-size: .875rem; }
    .figure dd { font-size: 1.75rem; line-height: 1.25; font-weight: 640; letter-spacing: -.02em; }
    .charts { display: grid; gap: 16px; grid-template-columns: repeat(auto-fit, minmax(min(100%, 320px), 1fr)); }
    .chart { padding: 16px 16px 8px; }
    .chart figcaption { display: flex; flex-wrap: wrap; gap: 2px 16px; align-items: baseline;
      justify-content: space-between; margin: 0 4px 8px; }
    .legend { display: flex; gap: 14px; list-style: none; color: var(--soft); font-size: .8125rem; }
    .key { display: inline-block; width: 14px; height: 3px; border-radius: 2px; margin-right: 6px; vertical-align: middle; }
    .key.a { background: var(--a); } .key.b { background: var(--b); } .key.c { background: var(--c); }
    .plot { position: relative; }
    .plot svg { display: block; width: 100%; height: auto; border-radius: 6px; touch-action: pan-y; }
    .plot svg:focus-visible, summary:focus-visible { outline: 2px solid var(--a); outline-offset: 2px; }
    .plot text { fill: var(--soft); font-size: 12px; }
    .grid { stroke: var(--line); stroke-width: 1; }
    .best { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 3 4; }
    .rule { stroke: var(--soft); stroke-width: 1; visibility: hidden; }
    .series polyline { fill: none; stroke: currentColor; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
    .series circle { fill: currentColor; } .series .mark { stroke: var(--card); stroke-width: 2; visibility: hidden; }
    .series.a { color: var(--a); } .series.b { color: var(--b); } .series.c { color: var(--c); }
    .plot.active .rule, .plot.active .mark.on { visibility: visible; }
    .tip { position: absolute; top: 0; left: 0; pointer-events: none; padding: 8px 12px; font-size: .8125rem;
      white-space: nowrap; background: var(--card); border: 1px solid var(--line); border-radius: 8px;
      box-shadow: 0 4px 16px rgb(0 0 0 / .14); visibility: hidden; }
    .plot.active .tip { visibility: visible; }
    .tip b { display: block; font-weight: 600; margin-bottom: 2px; }
    .tip div { display: flex; align-items: center; } .tip div span:last-child { margin-left: auto; padding-left: 16px; }
    .examples { display: grid; gap: 16px; }
    .example { padding: 16px 20px 20px; }
    .example h3 { display: flex; flex-wrap: wrap; gap: 4px 10px; align-items: center; margin-bottom: 14px; }
    .name { overflow-wrap: anywhere; } .score { margin-left: auto; color: var(--soft); font-weight: 500; }
    .rank { font-size: .8125rem; font-weight: 600; padding: 1px 10px; border-radius: 999px; background: var(--mid-back);
      color: var(--ink); }
    .rank.best { background: var(--good-back); color: var(--good); }
    .rank.worst { background: var(--bad-back); color: var(--bad); }
    .triple { display: grid; gap: 12px; grid-template-columns: repeat(3, minmax(0, 1fr)); }
    .triple img { display: block; width: 100%; height: auto; border-radius: 8px; background: var(--track); }
    .triple figcaption { color: var(--soft); font-size: .875rem; margin-top: 6px; }
    .history { display: grid; gap: 10px; }
    .history div { display: grid; gap: 4px 16px; grid-template-columns: 7.5rem minmax(0, 1fr); align-items: baseline; }
    .history dt { color: var(--soft); font-size: .875rem; }
    .items { display: flex; flex-wrap: wrap; gap: 6px; list-style: none; margin: 0; padding: 0; }
    .items li { padding: 1px 10px; border-radius: 8px; background: var(--mid-back); font-size: .875rem;
      overflow-wrap: anywhere; }
    .items .next { background: var(--good-back); color: var(--good); }
    .scroll { overflow-x: auto; }
    table { width: 100%; border-collapse: collapse; font-size: .9375rem; }
    th, td { padding: 11px 20px; text-align: right; font-weight: 400; white-space: nowrap; }
    th:first-child { text-align: left; }
    thead th { color: var(--soft); font-size: .8125rem; font-weight: 500; border-bottom: 1px solid var(--line); }
    tbody tr + tr > * { border-top: 1px solid var(--line); }
    tbody th { font-weight: 500; }
    tr.best > * { background: color-mix(in srgb, var(--good-back) 45%, transparent); }
    .swatch { display: inline-block; width: 12px; height: 12px; border-radius: 4px; margin-right: 10px;
      box-shadow: inset 0 0 0 1px rgb(128 128 128 / .4); }
    .meter .track { display: inline-block; width: min(8vw, 72px); height: 6px; margin-left: 14px; border-radius: 3px;
      background: var(--track); overflow: hidden; vertical-align: middle; }
    .meter .track span { display: block; height: 100%; border-radius: 3px; background: var(--a); }
    details summary { cursor: pointer; width: fit-content; border-radius: 6px; }
    details summary h2 { display: inline; margin-left: 4px; } details .card { margin-top: 16px; }
    .configuration { columns: 300px; column-gap: 40px; padding: 14px 20px; font-size: .9375rem; }
    .configuration div { display: flex; gap: 16px; justify-content: space-between; padding: 4px 0; break-inside: avoid; }
    .configuration dt { color: var(--soft); } .configuration dd { text-align: right; overflow-wrap: anywhere; }
    @media (max-width: 560px) {
      main { padding: 28px 16px 48px; }
      section { margin-top: 36px; }
      .figures { grid-template-columns: repeat(2, 1fr); gap: 12px; margin-top: 24px; }
      .figure { padding: 12px 16px; } .figure dd { font-size: 1.5rem; }
      .example { padding: 14px 16px 16px; }
      .triple { grid-template-columns: repeat(2, minmax(0, 1fr)); } .triple figure:first-child { grid-column: 1 / -1; }
      .name { order: 1; flex-basis: 100%; }
      .history div { grid-template-columns: minmax(0, 1fr); }
      th, td { padding: 10px; } tbody th { white-space: normal; overflow-wrap: break-word; }
      .meter .track { display: none; }
    }
    @media print {
      :root { --page: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #ccc; --a: #2563c9; --b: #d1610a;
        --c: #7a4fc4; --good: #137a4b; --bad: #b3362b; --good-back: #e0f3e9; --mid-back: #e8ebf1; --bad-back: #fbe6e3;
        --track: #e8ebf1; }
      body { font-size: 11pt; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
      main { max-width: none; padding: 0; }
      .card, .chart, .example, tr { break-inside: avoid; } h2 { break-after: avoid; }
      .charts { grid-template-columns: repeat(3, 1fr); } .tip { display: none; }
    }
    """

  /// Shows the values under the pointer, or where the arrow keys have moved to.
  static let script = """
    for (const plot of document.querySelectorAll(".plot")) {
      const svg = plot.querySelector("svg");
      const epochs = svg.dataset.epochs.split(" ");
      const xs = svg.dataset.x.split(" ").map(Number);
      const rule = svg.querySelector(".rule");
      const series = [...svg.querySelectorAll(".series")].map(group => ({
        name: group.dataset.name, style: group.classList[1], mark: group.querySelector(".mark"),
        ys: group.dataset.y.split(" "), values: group.dataset.values.split(" ")
      }));
      const tip = plot.appendChild(document.createElement("div"));
      tip.className = "tip";
      tip.setAttribute("aria-live", "polite");
      let shown = -1;

      function show(index) {
        shown = index;
        plot.classList.add("active");
        rule.setAttribute("x1", xs[index]);
        rule.setAttribute("x2", xs[index]);
        const heading = document.createElement("b");
        heading.textContent = "Epoch " + epochs[index];
        const rows = series.map(item => {
          const isThere = item.ys[index] !== "-";
          item.mark.classList.toggle("on", isThere);
          if (isThere) {
            item.mark.setAttribute("cx", xs[index]);
            item.mark.setAttribute("cy", item.ys[index]);
          }
          const row = document.createElement("div");
          const key = document.createElement("span");
          key.className = "key " + item.style;
          const name = document.createElement("span");
          name.textContent = item.name;
          const value = document.createElement("span");
          value.textContent = item.values[index];
          row.append(key, name, value);
          return row;
        });
        tip.replaceChildren(heading, ...rows);
        const at = xs[index] / svg.viewBox.baseVal.width * plot.clientWidth;
        const fits = at + 14 + tip.offsetWidth <= plot.clientWidth;
        tip.style.left = Math.max(0, fits ? at + 14 : at - 14 - tip.offsetWidth) + "px";
      }

      function hide() {
        shown = -1;
        plot.classList.remove("active");
      }

      svg.addEventListener("pointermove", event => {
        const box = svg.getBoundingClientRect();
        const x = (event.clientX - box.left) / box.width * svg.viewBox.baseVal.width;
        let nearest = 0;
        xs.forEach((at, index) => { if (Math.abs(at - x) < Math.abs(xs[nearest] - x)) nearest = index; });
        show(nearest);
      });
      svg.addEventListener("pointerleave", hide);
      svg.addEventListener("blur", hide);
      svg.addEventListener("keydown", event => {
        if (event.key === "Escape") return hide();
        const moves = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
        if (!(event.key in moves)) return;
        event.preventDefault();
        const from = shown < 0 && event.key === "ArrowLeft" ? xs.length : shown;
        show(Math.min(xs.length - 1, Math.max(0, from + moves[event.key])));
      });
    }
    """
}
