// Runs once, in an empty data folder. The program gets its own database and nothing else.
const password = require("fs").readFileSync("/run/secrets/trouvaille/mongodb-password", "utf8").trim();
db.getSiblingDB("trouvaille").createUser({
  user: "trouvaille",
  pwd: password,
  roles: [{ role: "readWrite", db: "trouvaille" }],
});
