using System.Net.Sockets;
using LoadBalancer.Configuration;

var builder = DistributedApplication.CreateBuilder(args);

var catalog = builder.AddProject<Projects.Catalog>("catalog")
    .WithEndpoint(name: "tls", scheme: "tcp", env: "CATALOG_TLS_PORT")
    .WithReplicas(3);
var canary = builder.AddProject<Projects.Catalog>("canary", launchProfileName: null).WithHttpEndpoint();
var auth = builder.AddProject<Projects.Auth>("auth").WithReplicas(2);
var settings = builder.AddProject<Projects.Settings>("settings");
var chat = builder.AddProject<Projects.Chat>("chat").WithReplicas(3);
var echo = builder.AddProject<Projects.Echo>("echo")
    .WithEndpoint(name: "tcp", scheme: "tcp", env: "ECHO_TCP_PORT")
    .WithEndpoint(name: "udp", scheme: "udp", env: "ECHO_UDP_PORT", protocol: ProtocolType.Udp)
    .WithReplicas(3);

var wire = builder.AddLayer4LoadBalancer("wire", adminPort: 9070)
    .WithTcpListener("echo", 7000, echo.GetEndpoint("tcp"), l => l.WithPolicy(SelectionPolicy.LeastConnections))
    .WithUdpListener("echo-udp", 7001, echo.GetEndpoint("udp"))
    .WithTcpListener("catalog", 7002, catalog.GetEndpoint("http"))
    .WithTcpListener("catalog-tls", 7443, l => l.WithTlsRoute("catalog", catalog.GetEndpoint("tls"), serverNames: ["localhost"]));

var edge = builder.AddLayer7LoadBalancer("edge", port: 8080, adminPort: 9080)
    .WithHttpsListener(8443)
    .WithRoute("/auth/{**rest}", auth)
    .WithRoute("/settings/{**rest}", settings)
    .WithRoute("/chat/{**rest}", chat, r => r.WithSessionAffinity())
    .WithRoute("/shop/{**rest}", catalog, r => r.WithSplit(canary, percent: 0))
    .WithRoute("/limited/{**rest}", catalog, r => r.WithRateLimit(5))
    .WithRoute("/about", catalog, r => r.WithCache(TimeSpan.FromSeconds(30)))
    .WithRoute("/{**rest}", catalog, r => r.WithSessionAffinity());

builder.AddProject<Projects.LoadGenerator>("load-generator").WithTour(edge, wire);

builder.Build().Run();
