import type { ViewState } from './view.js';

/** What a key asks of the world outside the screen. */
export type Effect =
  | { readonly kind: 'quit'; readonly status: number }
  | { readonly kind: 'rescan' }
  | { readonly kind: 'freeze'; readonly frozen: boolean }
  | { readonly kind: 'save'; readonly path: string }
  | { readonly kind: 'suspend' }
  | { readonly kind: 'redraw' }
  | { readonly kind: 'pause'; readonly paused: boolean }
  | { readonly kind: 'step'; readonly steps: number }
  | { readonly kind: 'speed'; readonly factor: number }
  | { readonly kind: 'next-finding' }
  /** Boot clock of what is shown, ns. */
  | { readonly kind: 'seek'; readonly at: bigint }
  /** A time written another way. */
  | { readonly kind: 'seek-to'; readonly text: string };

export interface Updated {
  readonly view: ViewState;
  readonly effect?: Effect;
}
