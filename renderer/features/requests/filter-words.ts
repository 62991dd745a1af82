export { describeFilter } from '../../../proxy/api/filter/filter-words.ts';
