
BoutputJ(д┐"u╛{EЛ╛kЕp>кw┼> />Єg&╛ошX?	─?S^╪=