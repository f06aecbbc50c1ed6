using Echo;
using ServiceDefaults;

var builder = Host.CreateApplicationBuilder(args);
try
{
    // Bound before anything runs, so that a bad or taken port is one line and not a host that fails halfway.
    builder.Services.AddSingleton(EchoSockets.Bind(builder.Configuration));
}
catch (InvalidPortException e)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}

builder.AddServiceDefaults();
builder.Services.AddHostedService<TcpEcho>();
builder.Services.AddHostedService<UdpEcho>();
builder.Build().Run();
return 0;
