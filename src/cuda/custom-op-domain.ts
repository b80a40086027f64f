/** Domain of this project's operators in the graphs. */
export const LATENT_SERVE_DOMAIN = 'latent_serve';
