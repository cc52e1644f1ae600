/** The uPlot chart of one temperature strip: band of minimum and maximum, mean, limit, begin and end. */
import uPlot from 'uplot';
import { clockTime } from '../shared/time.ts';
import { stripRange, type StripColumns } from './strip.ts';

export interface ChartMarks {
  limit_celsius: number | null;
  begin_ms: number;
  end_ms: number | null;
  span_ms: [start: number, end: number];
  words: { limit: string; begin: string; end: string };
}

interface Colours {
  line: string;
  band: string;
  grid: string;
  ink: string;
  alarm: string;
}

function coloursOf(element: Element): Colours {
  const style = getComputedStyle(element);
  const token = (name: string): string => style.getPropertyValue(name).trim();
  return {
    line: token('--chart-line'),
    band: token('--chart-band'),
    grid: token('--chart-grid'),
    ink: token('--ink-3'),
    alarm: token('--alarm'),
  };
}

function drawLimit(u: uPlot, celsius: number, word: string): void {
  const y = u.valToPos(celsius, 'y', true);
  const { left, width } = u.bbox;
  u.ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
  u.ctx.beginPath();
  u.ctx.moveTo(left, y);
  u.ctx.lineTo(left + width, y);
  u.ctx.stroke();
  u.ctx.fillText(word, left + 4 * devicePixelRatio, y - 4 * devicePixelRatio);
}

function drawInstant(u: uPlot, at_ms: number, word: string): void {
  const x = u.valToPos(at_ms / 1_000, 'x', true);
  const { top, height } = u.bbox;
  u.ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
  u.ctx.beginPath();
  u.ctx.moveTo(x, top);
  u.ctx.lineTo(x, top + height);
  u.ctx.stroke();
  u.ctx.fillText(word, x + 3 * devicePixelRatio, top + 11 * devicePixelRatio);
}

function drawMarks(u: uPlot, marks: ChartMarks, colours: Colours): void {
  const { ctx } = u;
  ctx.save();
  ctx.font = `${11 * devicePixelRatio}px sans-serif`;
  ctx.textAlign = 'left';
  ctx.textBaseline = 'alphabetic';
  ctx.lineWidth = 1.25 * devicePixelRatio;
  ctx.strokeStyle = ctx.fillStyle = colours.alarm;
  if (marks.limit_celsius !== null) drawLimit(u, marks.limit_celsius, marks.words.limit);
  ctx.strokeStyle = ctx.fillStyle = colours.ink;
  drawInstant(u, marks.begin_ms, marks.words.begin);
  if (marks.end_ms !== null) drawInstant(u, marks.end_ms, marks.words.end);
  ctx.restore();
}

function axes(colours: Colours): uPlot.Axis[] {
  const look = { stroke: colours.ink, font: '11px sans-serif', grid: { stroke: colours.grid, width: 1 }, ticks: { show: false } };
  return [
    { ...look, space: 64, size: 26, values: (_u, splits) => splits.map((at_s) => clockTime(at_s * 1_000)) },
    { ...look, size: 40, values: (_u, splits) => splits.map((celsius) => `${celsius}°`) },
  ];
}

function series(colours: Colours): uPlot.Series[] {
  const edge = { stroke: 'transparent', points: { show: false } };
  return [{}, edge, edge, { stroke: colours.line, width: 1.75, points: { show: false } }];
}

/** Draw the strip into `box`; gives the function that removes it. */
export function drawStrip(box: HTMLElement, columns: StripColumns, marks: ChartMarks): () => void {
  const colours = coloursOf(box);
  const [start_ms, end_ms] = marks.span_ms;
  const options: uPlot.Options = {
    width: box.clientWidth,
    height: 190,
    legend: { show: false },
    cursor: { show: false },
    tzDate: (at_s) => uPlot.tzDate(new Date(at_s * 1_000), 'Asia/Shanghai'),
    scales: { x: { range: [start_ms / 1_000, end_ms / 1_000] }, y: { range: stripRange(columns, marks.limit_celsius) } },
    axes: axes(colours),
    series: series(colours),
    bands: [{ series: [2, 1], fill: colours.band }],
    hooks: { draw: [(u) => drawMarks(u, marks, colours)] },
  };
  const chart = new uPlot(options, [columns.at_s, columns.min, columns.max, columns.mean], box);
  const watcher = new ResizeObserver(() => chart.setSize({ width: box.clientWidth, height: options.height }));
  watcher.observe(box);
  return () => {
    watcher.disconnect();
    chart.destroy();
  };
}
