import type { AssetState } from '../shared/contract.ts';
import { scheme } from '../shared/scheme.ts';
import { markerSvg, svgAddress, type MarkerKind } from './markerSvg.ts';
import { palettes } from './palette.ts';

/** The same drawing as on the map; what it says stands in words beside it, so it has no text of its own. */
export function Marker({ kind, state, size = 26 }: { kind: MarkerKind; state: AssetState; size?: number }) {
  return <img class="marker" src={svgAddress(markerSvg(kind, state, palettes[scheme.value]))} width={size} height={size} alt="" />;
}
