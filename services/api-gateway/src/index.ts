export { buildApiGateway, type ApiGateway, type ApiGatewayPorts } from './api-gateway';
