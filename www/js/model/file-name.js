/** The name of the file that a model is saved in, which is also how models of two people are compared. @param {string} model */
export const fileName = (model) => `${model.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "") || "wavefield"}.safetensors`;
