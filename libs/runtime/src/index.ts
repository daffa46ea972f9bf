export { type Component, type Readiness, type ServiceModule } from './service-module';
