using Chat;
using ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.Services.AddSignalR();

var app = builder.Build();
app.MapDefaultEndpoints();
app.MapGet("/", (ReplicaIdentity me) => me);
app.MapGet("/room", () => Results.Content(RoomPage.Html, "text/html; charset=utf-8"));
app.MapHub<ChatHub>("/hub");
app.Run();
