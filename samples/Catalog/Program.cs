using Catalog;
using ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddTls();

var app = builder.Build();
app.UseWebSockets();
app.MapDefaultEndpoints();
app.MapItems();
app.MapDiagnostics();
app.MapWebSocketEcho();
app.Run();
