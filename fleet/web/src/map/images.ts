import type { Map as GlMap } from 'maplibre-gl';
import { markerSvg, svgAddress, type MarkerKind } from './markerSvg.ts';
import { statesByRank } from './marker.ts';
import type { Palette } from './palette.ts';

const kinds: readonly MarkerKind[] = ['truck', 'cabinet', 'cluster'];

async function imageOf(svg: string): Promise<HTMLImageElement> {
  const image = new Image();
  image.src = svgAddress(svg);
  await image.decode();
  return image;
}

/** Give the map one image per kind and state, named `truck-alarm` and so on. */
export async function addMarkers(map: GlMap, palette: Palette): Promise<void> {
  const wanted = kinds.flatMap((kind) => statesByRank.map((state) => ({ kind, state })));
  await Promise.all(wanted.map(async ({ kind, state }) => {
    map.addImage(`${kind}-${state}`, await imageOf(markerSvg(kind, state, palette)), { pixelRatio: 2 });
  }));
}
