using System.Net.Sockets;
using LoadBalancer.Configuration;

var builder = DistributedApplication.CreateBuilder(args);

var catalog = builder.AddProject<Projects.Catalog>("catalog").WithReplicas(3);
var auth = builder.AddProject<Projects.Auth>("auth").WithReplicas(2);
var settings = builder.AddProject<Projects.Settings>("settings");
var chat = builder.AddProject<Projects.Chat>("chat").WithReplicas(3);
var echo = builder.AddProject<Projects.Echo>("echo")
    .WithEndpoint(name: "tcp", scheme: "tcp", env: "ECHO_TCP_PORT")
    .WithEndpoint(name: "udp", scheme: "udp", env: "ECHO_UDP_PORT", protocol: ProtocolType.Udp)
    .WithReplicas(3);

builder.AddLayer4LoadBalancer("wire", adminPort: 9070)
    .WithTcpListener("echo", 7000, echo.GetEndpoint("tcp"), l => l.WithPolicy(SelectionPolicy.LeastConnections))
    .WithUdpListener("echo-udp", 7001, echo.GetEndpoint("udp"));

builder.AddLayer7LoadBalancer("edge", port: 8080, adminPort: 9080)
    .WithHttpsListener(8443)
    .WithRoute("/auth/{**rest}", auth)
    .WithRoute("/settings/{**rest}", settings)
    .WithRoute("/chat/{**rest}", chat, r => r.WithSessionAffinity())
    .WithRoute("/about", catalog, r => r.WithCache(TimeSpan.FromSeconds(30)))
    .WithRoute("/{**rest}", catalog, r => r.WithSessionAffinity());

builder.Build().Run();
