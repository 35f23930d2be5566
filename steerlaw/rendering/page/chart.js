"use strict";
// The explorer's picture, drawn by uPlot: what was measured and predicted over one axis, where the two agree, and where
// the reader is, who may also choose a strength by clicking in it.
const chart = (() => {
  const FONT = '12px system-ui, "Segoe UI", "Liberation Sans", sans-serif', HEIGHT = 320;
  const ink = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();

  // `shown` is what is drawn: x ascending; lines of {values, colour, dashed}; bounds [bottom, top]; names of ticks.
  function draw(element, shown, clicked) {
    const axis = (more) => ({
      stroke: () => ink("soft"), font: FONT, labelFont: FONT, labelSize: 18,
      grid: { stroke: () => ink("line"), width: 1 }, ticks: { show: false }, ...more,
    });
    const options = {
      width: element.clientWidth || 640, height: HEIGHT, legend: { show: false }, padding: [12, 12, 0, 0],
      cursor: { y: false, drag: { x: false, y: false, click: () => {} }, points: { size: 7 } },
      scales: {
        x: { time: false, range: [shown.x[0], shown.x[shown.x.length - 1]] },
        y: { range: shown.bounds },
      },
      axes: [
        axis({ label: shown.label, size: 28, space: 55, values: (_, at) => at.map(shown.across) }),
        axis({ size: 52, space: 50, values: (_, at) => at.map(shown.upwards) }),
      ],
      series: [{}, ...shown.lines.map((line) => ({
        stroke: () => ink(line.colour), width: line.dashed ? 1.5 : 2, dash: line.dashed ? [6, 4] : undefined,
        points: { show: false }, pxAlign: 0,
      }))],
      hooks: { drawClear: [(picture) => shade(picture, shown)], draw: [(picture) => mark(picture, shown)] },
    };
    element.picture?.destroy();
    const picture = new uPlot(options, [shown.x, ...shown.lines.map((line) => line.values)], element);
    picture.over.addEventListener("click", (event) => clicked(picture.posToVal(event.offsetX, "x")));
    [element.picture, element.shown] = [picture, shown];
  }

  // Moves the line where the reader is: the paths of the others are kept.
  function move(element, here) {
    element.shown.here = here;
    element.picture.redraw(false, false);
  }

  // Draws the same in other colours, when the page turns dark or goes to paper.
  function recolour(element) {
    for (const media of ["(prefers-color-scheme: dark)", "print"]) {
      matchMedia(media).addEventListener("change", () => element.picture?.redraw(false, false));
    }
  }

  function shade({ ctx, bbox, valToPos }, shown) {
    if (!shown.within) return;
    const [from, to] = shown.within.map((at) => valToPos(at, "x", true));
    ctx.save();
    [ctx.globalAlpha, ctx.fillStyle] = [0.13, ink("holds")];
    ctx.fillRect(from, bbox.top, Math.max(0, to - from), bbox.height);
    ctx.restore();
  }

  function mark({ ctx, bbox, valToPos }, shown) {
    const at = valToPos(shown.here, "x", true), unit = uPlot.pxRatio;
    ctx.save();
    [ctx.strokeStyle, ctx.lineWidth] = [ink("ink"), unit];
    ctx.setLineDash([2 * unit, 3 * unit]);
    ctx.beginPath();
    ctx.moveTo(at, bbox.top);
    ctx.lineTo(at, bbox.top + bbox.height);
    ctx.stroke();
    ctx.restore();
  }

  return { draw, move, recolour };
})();
