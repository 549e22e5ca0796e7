import { testGuests } from './guests.live.js';

/** Two files for four guests: two fill this machine, and a file of tests may not take for ever. */
testGuests(['5.10-trixie', '6.1-bookworm']);
