/** Colours of the map in light and dark; the state colours can be told apart by colour-blind eyes. */
import type { AssetState } from '../shared/contract.ts';
import type { Scheme } from '../shared/scheme.ts';

export interface Palette {
  ground: string;
  village: string;
  served: string;
  villageLine: string;
  hovered: string;
  countyLine: string;
  label: string;
  labelSoft: string;
  halo: string;
  focus: string;
  ink: string;
  edge: string;
  state: Readonly<Record<AssetState, string>>;
}

const light: Palette = {
  ground: '#eef1f0', village: '#e6ebe8', served: '#d3e6dc', villageLine: '#bccac3', hovered: '#a9cfbd', countyLine: '#5d7068',
  label: '#33423c', labelSoft: '#66756e', halo: '#f7f9f8', focus: '#0b57d0', ink: '#ffffff', edge: '#ffffff',
  state: { ok: '#12805c', alarm: '#d0281b', unknown: '#e09a00', offline: '#8a949d' },
};

const dark: Palette = {
  ground: '#0f1513', village: '#141d19', served: '#1c3229', villageLine: '#2b3d35', hovered: '#2c5544', countyLine: '#71897e',
  label: '#d3ddd8', labelSoft: '#93a39b', halo: '#0f1513', focus: '#8ab4ff', ink: '#ffffff', edge: '#0c1210',
  state: { ok: '#2a9d76', alarm: '#ec4638', unknown: '#d99a12', offline: '#808b94' },
};

export const palettes: Readonly<Record<Scheme, Palette>> = { light, dark };
