export { createApp } from './app';
export { clientAddress, noTrustedProxies, parseTrustedProxies, type TrustedProxies } from './client-address';
export { HttpListener, type HttpListenerOptions, type UpgradeHandler } from './http-listener';
export {
  hubErrorBody,
  hubFailureOf,
  type HubErrorBody,
  type HubFailure,
  type HubFault,
  type ListedFault,
} from './hub-error';
export { mergedMetrics } from './merged-metrics';
export { opsRoutes, type OpsRoutesOptions } from './ops-routes';
export { endWithResponse } from './plain-response';
export { requestIdOf, traceparentOf, traceRequests } from './request-id';
export { statusOf } from './status';
export { fieldError, validate, validator, type FaultDetail, type FieldFault } from './validate';
