export { gatewayApiDocuments, gatewayApiGroups } from './api.ts';
export { refusedDocuments, refusedGroups } from './api-refused.ts';
export { trafficDocuments, trafficGroups } from './api-traffic.ts';
export { istioGatewayDocuments, istioGatewayGroups } from './istio.ts';
