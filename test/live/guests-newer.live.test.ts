import { testGuests } from './guests.live.js';

/** Two files for four guests: two fill this machine, and a file of tests may not take for ever. */
testGuests(['6.12-trixie', '7.3-sid']);
