/** The markers as SVG text, used by the map (as images) and by the legend alike. Box 40 × 40, centre at 20, 20. */
import type { AssetKind, AssetState } from '../shared/contract.ts';
import type { Palette } from './palette.ts';

export type MarkerKind = AssetKind | 'cluster';
export const markerSize_px = 40;

const outline: Readonly<Record<MarkerKind, string>> = {
  truck: '<circle cx="20" cy="20" r="13.5" {look}/>',
  cabinet: '<rect x="8" y="8" width="24" height="24" rx="5" {look}/>',
  cluster: '<path d="M20 5.500 32.600 12.700v14.600L20 34.500 7.400 27.300V12.700z" stroke-linejoin="round" {look}/>',
};

const glyph: Readonly<Record<MarkerKind, string>> = {
  truck:
    '<path d="M11.500 15h10v8h-10zM22.500 17.500h3.600l2.900 3v2.500h-6.500z"/>' +
    '<circle cx="15" cy="24.200" r="2"/><circle cx="25" cy="24.200" r="2"/>',
  cabinet: '<path fill-rule="evenodd" d="M14 12h12v16H14zM16 14v3.500h8V14zM16 19.500v6.500h8v-6.500z"/>',
  cluster: '',
};

const sign: Readonly<Record<AssetState, string>> = {
  ok: '',
  alarm: '<path d="M31 5.500v5.200M31 13.400v.100" {pen}/>',
  unknown: '<path d="M28.800 7.300c.300-2.600 4.600-2.400 4.400.300-.100 1.700-2.200 1.700-2.200 3.500M31 13.600v.100" {pen}/>',
  offline: '<path d="M28.600 9.500h4.800" {pen}/>',
};

const badgeColour: Readonly<Record<AssetState, string>> = { ok: '', alarm: '#7d0d05', unknown: '#5f3f00', offline: '#4c555c' };

function badge(state: AssetState, palette: Palette): string {
  if (state === 'ok') return '';
  const pen = 'fill="none" stroke="#fff" stroke-width="2" stroke-linecap="round"';
  const disc = `<circle cx="31" cy="9.500" r="7" fill="${badgeColour[state]}" stroke="${palette.edge}" stroke-width="1.500"/>`;
  return disc + sign[state].replace('{pen}', pen);
}

/** One marker: outline by kind, fill by state (offline is hollow), badge by state. */
export function markerSvg(kind: MarkerKind, state: AssetState, palette: Palette): string {
  const colour = palette.state[state];
  const hollow = state === 'offline';
  const look = hollow
    ? `fill="${palette.ground}" stroke="${colour}" stroke-width="2.500"`
    : `fill="${colour}" stroke="${palette.edge}" stroke-width="2"`;
  const body = outline[kind].replace('{look}', look) + `<g fill="${hollow ? colour : palette.ink}">${glyph[kind]}</g>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="80" height="80" viewBox="0 0 40 40">${body}${badge(state, palette)}</svg>`;
}

export function svgAddress(svg: string): string {
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}
