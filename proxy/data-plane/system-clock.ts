export { createSystemClock } from '../shared/system-clock.ts';
