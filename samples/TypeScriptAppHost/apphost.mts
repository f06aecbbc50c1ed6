import { createBuilder, SelectionPolicy } from './.aspire/modules/aspire.mjs';

const builder = await createBuilder();

const catalog = await builder.addProject('catalog', '../Catalog/Catalog.csproj').withReplicas(3);
const settings = await builder.addProject('settings', '../Settings/Settings.csproj');
const echo = await builder
    .addProject('echo', '../Echo/Echo.csproj')
    .withEndpoint({ name: 'tcp', scheme: 'tcp', env: 'ECHO_TCP_PORT' })
    .withReplicas(3);

await builder
    .addLayer4LoadBalancer('wire', { adminPort: 9070 })
    .withTcpListener('echo', await echo.getEndpoint('tcp'), {
        port: 7000,
        configure: async (listener) => {
            await listener.withPolicy(SelectionPolicy.LeastConnections);
        },
    });

// Times are in milliseconds.
await builder
    .addLayer7LoadBalancer('edge', { port: 8080, adminPort: 9080 })
    .withRoute('/settings/{**rest}', settings)
    .withRoute('/about', catalog, {
        configure: async (route) => {
            await route.withCache({ duration: 30_000 });
        },
    })
    .withRoute('/{**rest}', catalog, {
        configure: async (route) => {
            await route.withSessionAffinity();
        },
    });

await builder.build().run();
