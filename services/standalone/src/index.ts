export { buildStandalone, type Standalone } from './build-standalone';
export { banner, type BannerFacts } from './banner';
