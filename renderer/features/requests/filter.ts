export { compileFilter, compileNumber, compileText } from '../../../proxy/api/filter/match-exchange.ts';
export * from '../../../proxy/api/filter/request-filter.ts';
