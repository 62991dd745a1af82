export { readCompose } from './read-compose.ts';
